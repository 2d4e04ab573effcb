{{ touched_view("customers") }}

with customers as (
    select * from {{ ref("base_customers__predicted") }}
),

thresholds as (
    select {{ rfm_thresholds_as_columns() }}
    from {{ ref("base_rfm__thresholds") }}
),

tiers as (
    select * from {{ ref("base_value__tiers") }}
),

flagged as (
    select * from {{ ref("base_customers__flagged") }}
),

scored as (
    select
        customers.*,
        cast(customers.spend_365d as numeric(18, 2)) as expected_spend_365d,
        {{ rfm_scores() }}
    from customers
    cross join thresholds
)

select
    scored.customer_key,
    scored.orders,
    scored.units,
    scored.gross,
    scored.discounts,
    scored.refunds,
    scored.net_spend,
    scored.unconverted_orders,
    cast(coalesce(flagged.orders, 0) as integer) as flagged_orders,
    cast(coalesce(flagged.net_base, 0) as numeric(18, 2)) as flagged_net,
    scored.first_order_date,
    scored.last_order_date,
    cast(scored.repeats + 1 as integer) as purchase_days,
    scored.mean_days_between,
    scored.median_days_between,
    scored.orders_in_window,
    scored.net_in_window as net_spend_in_window,
    scored.recency_score,
    scored.frequency_score,
    scored.monetary_score,
    tiers.segment,
    tiers.segment_zh,
    tiers.tier as value_tier,
    tiers.tier_zh as value_tier_zh,
    scored.p_alive,
    scored.orders_90d as expected_orders_90d,
    scored.orders_365d as expected_orders_365d,
    cast(scored.worth as numeric(18, 2)) as expected_order_value,
    cast(scored.spend_90d as numeric(18, 2)) as expected_spend_90d,
    scored.expected_spend_365d,
    cast(scored.net_spend + scored.expected_spend_365d as numeric(18, 2)) as total_value,
    scored.next_order_date,
    scored.next_order_from,
    scored.next_order_to
from scored
left join flagged
    on scored.customer_key = flagged.customer_key
left join tiers
    on {{ is_tier_of_scores() }}
