with payments as (
    {{ newest(source("raw", "payments"), ["order_id", "payment_no"]) }}
)

select
    _source as source,
    order_id,
    payment_no,
    method,
    cast(round(amount, 2) as numeric(18, 2)) as amount,
    currency,
    paid_at,
    {{ local_day("paid_at") }} as paid_day
from payments
