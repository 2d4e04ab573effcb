{{ config(pre_hook="{{ keep_touched_rows() }}", post_hook="{{ note_turned_tiers() }}") }}
{{ touched_model("sunday_customers", indexes=[["customer_key"]]) }}
-- The hook reads it: depends_on: {{ ref("int_answers") }}

with customers as (
    {{ touched_rows(ref("int_customers__on_sunday"), "sunday_customers") }}
),

thresholds as (
    select {{ rfm_thresholds_as_columns() }}
    from {{ ref("int_rfm__on_sunday") }}
),

tiers as (
    select * from {{ ref("base_value__tiers") }}
),

scored as (
    select
        customers.customer_key,
        {{ rfm_scores() }}
    from customers
    cross join thresholds
)

select
    scored.customer_key,
    tiers.tier as value_tier
from scored
inner join tiers
    on {{ is_tier_of_scores() }}
