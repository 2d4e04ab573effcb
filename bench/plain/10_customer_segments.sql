create table customer_segments as
with registered as (
    select accounts.customer_key, min(cast(c.registered_at at time zone 'Asia/Shanghai' as date)) as registered_date
    from (
        select *, row_number() over (partition by customer_id order by _version desc) as nth
        from raw.customers
    ) as c
    left join raw.accounts as accounts on accounts.customer_id = c.customer_id
    where c.nth = 1
    group by accounts.customer_key
),

people as (
    select
        coalesce(b.customer_key, r.customer_key) as customer_key,
        coalesce(b.orders, 0) as orders,
        r.registered_date,
        b.last_order_date,
        coalesce(cast('{day}' as date) - b.last_order_date, 0) as days
    from registered as r
    full outer join customer_orders as b on b.customer_key = r.customer_key
)

select
    customer_key,
    case
        when orders = 0 then 'potential'
        when days > 180 then 'lost'
        when days > 90 then 'at_risk'
        when orders = 1 then 'new'
        when orders <= 3 then 'active'
        else 'loyal'
    end as lifecycle,
    orders,
    registered_date,
    last_order_date
from people
