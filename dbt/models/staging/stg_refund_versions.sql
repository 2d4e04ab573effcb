with refunds as (
    {{ versions(source("raw", "refunds"), ["refund_id"]) }}
)

select
    _source as source,
    refund_id,
    _version as version,
    order_id,
    {{ local_day("refunded_at") }} as refund_day,
    amount,
    currency,
    is_newest
from refunds
