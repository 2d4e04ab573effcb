with orders as (
    {{ newest(source("raw", "orders"), ["order_id"]) }}
),

identities as (
    select * from {{ ref("stg_identities") }}
),

final as (
    select
        orders._source as source,
        orders.order_id,
        identities.customer_key,
        orders.ordered_at,
        {{ local_day("orders.ordered_at") }} as order_day,
        orders.status,
        orders.channel,
        orders.currency,
        cast(round(coalesce(orders.discount, 0), 2) as numeric(18, 2)) as discount,
        cast(round(coalesce(orders.shipping, 0), 2) as numeric(18, 2)) as shipping,
        orders.coupon_code,
        orders.promised_at,
        {{ local_day("orders.promised_at") }} as promised_day,
        orders.shipped_at,
        orders.delivered_at,
        {{ local_day("orders.delivered_at") }} as delivered_day
    from orders
    left join identities
        on orders._source = identities.source and orders.customer_id = identities.customer_id
)

select * from final
where order_day <= {{ business_date() }}
