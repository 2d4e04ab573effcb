{{ config(pre_hook="{{ keep_touched_rows() }}", post_hook="{{ note_turned_tiers() }}") }}
{{ touched_model("sunday_customers", indexes=[["customer_key"]]) }}
-- The hook reads it: depends_on: {{ ref("int_answers") }}

with customers as (
    select
        *,
        {{ days_between("date '1970-01-01'", "last_order_date") }} as recency_day
    from ({{ touched_rows(ref("int_customers__on_sunday"), "sunday_customers") }}) as touched_customers
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
        {{ rfm_score("customers.recency_day", "recency") }} as recency_score,
        {{ rfm_score("customers.orders_in_window", "frequency") }} as frequency_score,
        {{ rfm_score("customers.net_in_window", "monetary") }} as monetary_score
    from customers
    cross join thresholds
)

select
    scored.customer_key,
    tiers.tier as value_tier
from scored
inner join tiers
    on
        scored.recency_score = tiers.recency_score
        and scored.frequency_score = tiers.frequency_score
        and scored.monetary_score = tiers.monetary_score
