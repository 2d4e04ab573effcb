with sales as {{ inlined() }} (
    select * from {{ ref("int_orders__priced") }}
    where is_sale
),

rules as (
    select * from {{ ref("fraud_rules") }}
),

bursts as (
    select * from {{ ref("int_fraud__bursts") }}
),

coupons as (
    select * from {{ ref("int_fraud__coupons") }}
),

refunds as (
    select * from {{ ref("int_fraud__refunds") }}
),

rings as (
    select
        customer_key,
        min(ring) as ring,
        max(people) as people
    from {{ ref("int_fraud__rings") }}
    group by customer_key
),

reviews as (
    select * from {{ ref("int_answers") }}
    where metric = 'review'
),

praise as (
    select
        reviews.source,
        reviews.order_id,
        min(reviews.answered_at) as answered_at,
        max(reviews.score) as score
    from reviews
    inner join rules
        on reviews.score >= rules.min_count and rules.rule = 'fake_review'
    group by reviews.source, reviews.order_id
),

evidence as (
    select
        source,
        order_id,
        'brushing_burst' as rule,
        orders_within as found,
        cast(null as text) as ring
    from bursts
    union all
    select
        source,
        order_id,
        'coupon_ring' as rule,
        people_within as found,
        ring
    from coupons
    union all
    select
        source,
        order_id,
        'refund_loop' as rule,
        paid_back_within as found,
        cast(null as text) as ring
    from refunds
    union all
    select
        sales.source,
        sales.order_id,
        'shared_contact' as rule,
        rings.people as found,
        rings.ring
    from sales
    inner join rings
        on sales.customer_key = rings.customer_key
    union all
    -- Praise for goods that had not come.
    select
        sales.source,
        sales.order_id,
        'fake_review' as rule,
        praise.score as found,
        cast(null as text) as ring
    from sales
    inner join praise
        on sales.source = praise.source and sales.order_id = praise.order_id
    where praise.answered_at < sales.delivered_at or sales.status = 'paid'
)

select
    sales.source,
    sales.order_id,
    evidence.rule,
    rules.rule_zh,
    sales.customer_key,
    sales.order_day,
    cast(evidence.found as integer) as evidence,
    rules.min_count as evidence_limit,
    evidence.ring
from evidence
inner join sales
    on evidence.source = sales.source and evidence.order_id = sales.order_id
inner join rules
    on evidence.rule = rules.rule
