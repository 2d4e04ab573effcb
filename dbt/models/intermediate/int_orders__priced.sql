{{ config(pre_hook="{{ keep_touched_rows() }}", post_hook="{{ note_retold_orders('channel') }}") }}
{{ touched_model("orders", indexes=[
    ["source", "order_id"], ["customer_key"], ["order_day"], ["promised_day"], ["delivered_day"]
]) }}

with orders as (
    {{ touched_rows(ref("stg_orders"), "orders") }}
),

rates as (
    select * from {{ ref("stg_exchange_rates") }}
),

goods as (
    select
        source,
        order_id,
        sum(quantity) as units,
        sum(amount) as gross,
        sum(discount) as discount,
        sum(shipping) as shipping
    from ({{ touched_rows(ref("stg_order_lines"), "orders") }}) as order_lines
    group by source, order_id
),

paid_back as (
    select
        source,
        order_id,
        currency,
        sum(amount) as refunded
    from ({{ touched_rows(ref("stg_refunds"), "orders") }}) as refunds
    group by source, order_id, currency
),

-- A rate is looked up once a currency and day, not once an order.
foreign_days as (
    select distinct
        source,
        currency,
        order_day
    from orders
    where currency <> '{{ var("base_currency") }}'
),

rates_of_days as (
    select
        foreign_days.source,
        foreign_days.currency,
        foreign_days.order_day,
        rates.rate
    from foreign_days
    inner join rates
        on
            foreign_days.source = rates.source
            and foreign_days.currency = rates.currency
            and foreign_days.order_day >= rates.valid_from
            and foreign_days.order_day < rates.valid_before
),

priced as (
    select
        orders.*,
        coalesce(goods.units, 0) as units,
        coalesce(goods.gross, 0) as gross,
        coalesce(goods.discount, 0) + orders.discount as discounts,
        coalesce(paid_back.refunded, 0) as refunded,
        coalesce(goods.shipping, 0) + orders.shipping as shipping_charged,
        case when orders.currency = '{{ var("base_currency") }}' then 1 else rates_of_days.rate end as rate
    from orders
    left join goods
        on orders.source = goods.source and orders.order_id = goods.order_id
    left join paid_back
        on
            orders.source = paid_back.source
            and orders.order_id = paid_back.order_id
            and orders.currency = paid_back.currency
    left join rates_of_days
        on
            orders.source = rates_of_days.source
            and orders.currency = rates_of_days.currency
            and orders.order_day = rates_of_days.order_day
)

select
    source,
    order_id,
    customer_key,
    ordered_at,
    order_day,
    status,
    status in ('paid', 'shipped', 'delivered') as is_sale,
    channel,
    coupon_code,
    currency,
    cast(units as bigint) as units,
    cast(gross as numeric(18, 2)) as gross,
    cast(discounts as numeric(18, 2)) as discounts,
    cast(shipping_charged as numeric(18, 2)) as shipping,
    cast(refunded as numeric(18, 2)) as refunded,
    cast(gross - discounts - refunded as numeric(18, 2)) as net,
    rate,
    cast(round(gross * rate, 2) as numeric(18, 2)) as gross_base,
    cast(round((gross - discounts) * rate, 2) as numeric(18, 2)) as sold_base,
    cast(round(refunded * rate, 2) as numeric(18, 2)) as refunded_base,
    promised_at,
    promised_day,
    delivered_at,
    delivered_day
from priced
