create table refunds as
with versions as (
    select *, row_number() over (partition by refund_id order by _version desc) as nth
    from raw.refunds
)
select
    refund_id,
    order_id,
    cast(refunded_at at time zone 'Asia/Shanghai' as date) as refund_day,
    round(amount, 2) as amount,
    currency
from versions
where nth = 1
