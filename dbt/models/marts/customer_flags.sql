with order_flags as (
    select * from {{ ref("order_flags") }}
),

rules as (
    select * from {{ ref("fraud_rules") }}
),

rings as (
    select
        customer_key,
        'shared_contact' as rule,
        max(people) as people
    from {{ ref("int_fraud__rings") }}
    group by customer_key
),

by_orders as (
    select
        customer_key,
        rule,
        count(*) as orders,
        min(order_day) as first_order_date,
        max(order_day) as last_order_date,
        max(evidence) as evidence
    from order_flags
    group by customer_key, rule
),

-- A shared contact flags people who have bought nothing yet as well.
everyone as (
    select
        coalesce(by_orders.customer_key, rings.customer_key) as customer_key,
        coalesce(by_orders.rule, rings.rule) as rule,
        coalesce(by_orders.orders, 0) as orders,
        by_orders.first_order_date,
        by_orders.last_order_date,
        coalesce(by_orders.evidence, rings.people) as evidence
    from by_orders
    full outer join rings
        on by_orders.customer_key = rings.customer_key and by_orders.rule = rings.rule
)

select
    everyone.customer_key,
    everyone.rule,
    rules.rule_zh,
    cast(everyone.orders as integer) as orders,
    everyone.first_order_date,
    everyone.last_order_date,
    everyone.evidence,
    rules.min_count as evidence_limit,
    rules.holds_offers
from everyone
inner join rules
    on everyone.rule = rules.rule
