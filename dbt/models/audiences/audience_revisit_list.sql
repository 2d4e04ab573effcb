with people as (
    select * from {{ ref("customer_segments") }}
),

customers as {{ inlined() }} (
    select * from {{ ref("customer_value") }}
),

complaints as (
    select * from {{ ref("int_complaints") }}
),

first_deliveries as (
    select
        customer_key,
        min(delivered_day) as delivered_day
    from {{ ref("int_deliveries") }}
    -- It is asked of people with one order alone, so a delivery before these days is none of theirs.
    where
        delivered_day
        between {{ days_after(business_date(), "-" ~ audience_rule("first_delivery_days_to")) }}
        and {{ days_after(business_date(), "-" ~ audience_rule("first_delivery_days_from")) }}
    group by customer_key
),

reasons as (
    select
        customer_key,
        {{ audience_rule("complaint_rank") }} as reason_rank,
        'Answered ' || score || ' of ' || score_max || ' (' || metric || ', ' || dimension || ') on '
        || answer_day || '.' as reason,
        answer_day || ' 的评价（' || metric || '，' || dimension || '）为 ' || score
        || ' 分，满分 ' || score_max || ' 分。' as reason_zh
    from complaints
    where answer_day > {{ days_after(business_date(), "-" ~ audience_rule("complaint_days")) }}
    union all
    select
        people.customer_key,
        {{ audience_rule("valuable_rank") }} as reason_rank,
        'Valuable customer about to be lost: last order on ' || people.last_order_date
        || ', net spend ' || customers.net_spend || ' {{ var("base_currency") }}.' as reason,
        '高价值客户即将流失：最近一次下单 ' || people.last_order_date
        || '，净消费 ' || customers.net_spend || ' {{ var("base_currency") }}。' as reason_zh
    from people
    inner join customers
        on people.customer_key = customers.customer_key
    where
        people.lifecycle = 'at_risk'
        and customers.monetary_score >= {{ audience_rule("valuable_monetary_score") }}
    union all
    select
        customers.customer_key,
        {{ audience_rule("first_delivery_rank") }} as reason_rank,
        'First order delivered on ' || first_deliveries.delivered_day || '; ask how it went.' as reason,
        '首单已于 ' || first_deliveries.delivered_day || ' 送达，请回访使用体验。' as reason_zh
    from customers
    inner join first_deliveries
        on customers.customer_key = first_deliveries.customer_key
    where
        customers.orders = 1
        and {{ days_between("first_deliveries.delivered_day", business_date()) }}
        between {{ audience_rule("first_delivery_days_from") }}
        and {{ audience_rule("first_delivery_days_to") }}
),

-- A person is called once a night, for the reason that weighs most.
weighed as (
    select
        reasons.*,
        coalesce(customers.segment, people.lifecycle) as segment,
        coalesce(customers.net_spend, 0) as value,
        row_number() over (partition by reasons.customer_key order by reasons.reason_rank) as nth_reason
    from reasons
    inner join people
        on reasons.customer_key = people.customer_key
    left join customers
        on reasons.customer_key = customers.customer_key
)

select
    {{ business_date() }} as business_date,
    customer_key,
    segment,
    cast(value as numeric(18, 2)) as value,
    reason,
    reason_zh,
    cast(row_number() over (order by reason_rank asc, value desc, customer_key asc) as integer) as priority
from weighed
where nth_reason = 1
