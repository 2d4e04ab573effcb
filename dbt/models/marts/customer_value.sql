{{ touched_model("customers", also="{{ values_that_turned() }}") }}

with customers as (
    {{ touched_rows(ref("int_customers__orders"), "customers") }}
),

purchases as (
    {{ touched_rows(ref("int_customers__purchases"), "customers") }}
),

scored as (
    {{ touched_rows(ref("int_customers__scored"), "customers") }}
),

tiers as (
    select * from {{ ref("int_value__tiers") }}
)

select
    customers.customer_key,
    customers.orders,
    customers.units,
    customers.gross_base as gross,
    cast(customers.gross_base - customers.sold_base as numeric(18, 2)) as discounts,
    customers.refunded_base as refunds,
    cast(customers.sold_base - customers.refunded_base as numeric(18, 2)) as net_spend,
    customers.unconverted_orders,
    scored.flagged_orders,
    scored.flagged_net,
    customers.first_order_date,
    customers.last_order_date,
    cast(purchases.repeats + 1 as integer) as purchase_days,
    cast(
        {{ days_between("purchases.first_day", "purchases.last_day") }}
        / nullif(cast(purchases.repeats as numeric), 0)
        as numeric(10, 1)
    ) as mean_days_between,
    purchases.median_days_between,
    customers.orders_in_window,
    customers.net_in_window as net_spend_in_window,
    scored.recency_score,
    scored.frequency_score,
    scored.monetary_score,
    tiers.segment,
    tiers.segment_zh,
    tiers.tier as value_tier,
    tiers.tier_zh as value_tier_zh,
    scored.predicted_on,
    scored.p_alive,
    scored.expected_orders_90d,
    scored.expected_orders_365d,
    scored.expected_order_value,
    scored.expected_spend_90d,
    scored.expected_spend_365d,
    cast(
        customers.sold_base - customers.refunded_base + scored.expected_spend_365d as numeric(18, 2)
    ) as total_value,
    scored.next_order_date,
    scored.next_order_from,
    scored.next_order_to
from customers
inner join scored
    on customers.customer_key = scored.customer_key
left join purchases
    on customers.customer_key = purchases.customer_key
left join tiers
    on
        scored.recency_score = tiers.recency_score
        and scored.frequency_score = tiers.frequency_score
        and scored.monetary_score = tiers.monetary_score
