{{ touched_model("refunds", indexes=[["source", "order_id"], ["refund_day"], ["source", "refund_id"]]) }}

with refunds as (
    {{ newest(source("raw", "refunds"), ["refund_id"], "refunds") }}
),

final as (
    select
        _source as source,
        refund_id,
        order_id,
        refunded_at,
        {{ local_day("refunded_at") }} as refund_day,
        cast(round(amount, 2) as numeric(18, 2)) as amount,
        currency,
        reason
    from refunds
)

select * from final
where refund_day <= {{ business_date() }}
