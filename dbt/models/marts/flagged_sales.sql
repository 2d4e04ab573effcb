with sales as (
    select * from {{ ref("int_orders__priced") }}
    where is_sale
),

flags as (
    select
        source,
        order_id,
        rule
    from {{ ref("order_flags") }}
),

by_currency as (
    select * from {{ ref("customer_value_by_currency") }}
),

-- Each sale under each of its rules, and under `any` if it has one.
grouped as (
    select
        source,
        order_id,
        rule
    from flags
    union all
    select distinct
        source,
        order_id,
        'any' as rule
    from flags
),

flagged as (
    {{ rows_of("sales", "flags", ["source", "order_id"]) }}
),

summed as (
    select
        grouped.rule,
        flagged.currency,
        count(*) as orders,
        count(distinct flagged.customer_key) as customers,
        sum(flagged.gross) as gross,
        sum(flagged.discounts) as discounts,
        sum(flagged.refunded) as refunds,
        sum(flagged.net) as net
    from grouped
    inner join flagged
        on grouped.source = flagged.source and grouped.order_id = flagged.order_id
    group by grouped.rule, flagged.currency
    union all
    select
        'all' as rule,
        currency,
        sum(orders) as orders,
        count(*) as customers,
        sum(gross) as gross,
        sum(discounts) as discounts,
        sum(refunds) as refunds,
        sum(net) as net
    from by_currency
    group by currency
)

select
    rule,
    currency,
    cast(orders as integer) as orders,
    cast(customers as integer) as customers,
    cast(gross as numeric(18, 2)) as gross,
    cast(discounts as numeric(18, 2)) as discounts,
    cast(refunds as numeric(18, 2)) as refunds,
    cast(net as numeric(18, 2)) as net,
    cast(
        cast(orders as numeric) / max(orders) over (partition by currency) as numeric(10, 4)
    ) as share_of_orders
from summed
