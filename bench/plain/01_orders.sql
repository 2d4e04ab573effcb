create table orders as
with versions as (
    select *, row_number() over (partition by order_id order by _version desc) as nth
    from raw.orders
)
select
    versions.order_id,
    accounts.customer_key,
    cast(versions.ordered_at at time zone 'Asia/Shanghai' as date) as order_day,
    versions.status,
    versions.status in ('paid', 'shipped', 'delivered') as is_sale,
    versions.channel,
    versions.currency,
    versions.promised_at,
    versions.delivered_at,
    cast(versions.promised_at at time zone 'Asia/Shanghai' as date) as promised_day,
    cast(versions.delivered_at at time zone 'Asia/Shanghai' as date) as delivered_day
from versions
left join raw.accounts as accounts on accounts.customer_id = versions.customer_id
where versions.nth = 1
