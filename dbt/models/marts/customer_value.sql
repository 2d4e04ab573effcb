{{ touched_model("customers", also="{{ rfm_scores_that_moved() }}") }}

with bought as (
    {{ touched_rows(ref("int_customers__orders"), "customers") }}
),

customers as (
    select
        *,
        cast(sold_base - refunded_base as numeric(18, 2)) as net_spend,
        {{ days_between("date '1970-01-01'", "last_order_date") }} as recency_day
    from bought
),

thresholds as (
    select {{ rfm_thresholds_as_columns() }}
    from {{ ref("int_rfm__thresholds") }}
),

segments as (
    select * from {{ ref("rfm_segments") }}
),

scored as (
    select
        customers.*,
        {{ rfm_score("customers.recency_day", "recency") }} as recency_score,
        {{ rfm_score("customers.orders_in_window", "frequency") }} as frequency_score,
        {{ rfm_score("customers.net_in_window", "monetary") }} as monetary_score
    from customers
    cross join thresholds
)

select
    scored.customer_key,
    scored.orders,
    scored.net_spend,
    scored.refunded_base as refunds,
    scored.unconverted_orders,
    scored.first_order_date,
    scored.last_order_date,
    scored.orders_in_window,
    scored.net_in_window as net_spend_in_window,
    scored.recency_score,
    scored.frequency_score,
    scored.monetary_score,
    segments.segment,
    segments.segment_zh
from scored
left join segments
    on
        scored.recency_score = segments.recency_score
        and scored.frequency_score = segments.frequency_score
