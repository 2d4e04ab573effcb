with customers as (
    select
        *,
        cast(sold_base - refunded_base as numeric(18, 2)) as net_spend,
        {{ days_between("date '1970-01-01'", "last_order_date") }} as recency_day
    from {{ ref("int_customers__orders") }}
),

thresholds as (
    select {{ rfm_thresholds_as_columns() }}
    from {{ ref("int_rfm__thresholds") }}
),

purchases as (
    select * from {{ ref("int_customers__purchases") }}
),

predicted as (
    select * from {{ ref("int_customers__predicted") }}
),

tiers as (
    select * from {{ ref("int_value__tiers") }}
),

flagged as (
    select * from {{ ref("int_customers__flagged") }}
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
    scored.units,
    scored.gross_base as gross,
    cast(scored.gross_base - scored.sold_base as numeric(18, 2)) as discounts,
    scored.refunded_base as refunds,
    scored.net_spend,
    scored.unconverted_orders,
    cast(coalesce(flagged.orders, 0) as integer) as flagged_orders,
    cast(coalesce(flagged.net_base, 0) as numeric(18, 2)) as flagged_net,
    scored.first_order_date,
    scored.last_order_date,
    cast(purchases.repeats + 1 as integer) as purchase_days,
    cast(
        {{ days_between("purchases.first_day", "purchases.last_day") }}
        / nullif(cast(purchases.repeats as numeric), 0)
        as numeric(10, 1)
    ) as mean_days_between,
    purchases.median_days_between,
    scored.orders_in_window,
    scored.net_in_window as net_spend_in_window,
    scored.recency_score,
    scored.frequency_score,
    scored.monetary_score,
    tiers.segment,
    tiers.segment_zh,
    tiers.tier as value_tier,
    tiers.tier_zh as value_tier_zh,
    predicted.p_alive,
    predicted.orders_90d as expected_orders_90d,
    predicted.orders_365d as expected_orders_365d,
    cast(predicted.worth as numeric(18, 2)) as expected_order_value,
    cast(predicted.spend_90d as numeric(18, 2)) as expected_spend_90d,
    cast(predicted.spend_365d as numeric(18, 2)) as expected_spend_365d,
    cast(scored.net_spend + cast(predicted.spend_365d as numeric(18, 2)) as numeric(18, 2)) as total_value,
    predicted.next_order_date,
    predicted.next_order_from,
    predicted.next_order_to
from scored
left join purchases
    on scored.customer_key = purchases.customer_key
left join predicted
    on scored.customer_key = predicted.customer_key
left join flagged
    on scored.customer_key = flagged.customer_key
left join tiers
    on
        scored.recency_score = tiers.recency_score
        and scored.frequency_score = tiers.frequency_score
        and scored.monetary_score = tiers.monetary_score
