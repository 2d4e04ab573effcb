with lapsing as (
    select * from {{ ref("customer_segments") }}
    where lifecycle = 'at_risk'
),

customers as (
    select * from {{ ref("customer_value") }}
)

select
    {{ business_date() }} as business_date,
    customers.customer_key,
    customers.segment,
    customers.net_spend as value,
    'Last order on ' || customers.last_order_date
    || ', ' || {{ days_between("customers.last_order_date", business_date()) }} || ' days ago; '
    || 'orders: ' || customers.orders
    || ', net spend: ' || customers.net_spend || ' {{ var("base_currency") }}; '
    || 'about to be lost since ' || lapsing.since || '.' as reason,
    '最近一次下单 ' || customers.last_order_date
    || '，已 ' || {{ days_between("customers.last_order_date", business_date()) }} || ' 天未下单；'
    || '累计 ' || customers.orders || ' 单，净消费 ' || customers.net_spend || ' {{ var("base_currency") }}；'
    || '自 ' || lapsing.since || ' 起即将流失。' as reason_zh,
    cast(
        row_number() over (order by customers.net_spend desc, customers.customer_key asc) as integer
    ) as priority
from lapsing
inner join customers
    on lapsing.customer_key = customers.customer_key
