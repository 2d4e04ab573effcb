create table order_money as
with goods as (
    select order_id, sum(quantity) as units, sum(amount) as gross, sum(discount) as discount
    from order_lines
    group by order_id
),

paid_back as (
    select order_id, currency, sum(amount) as refunded from refunds group by order_id, currency
),

priced as (
    select
        orders.*,
        coalesce(goods.units, 0) as units,
        coalesce(goods.gross, 0) as gross,
        coalesce(goods.discount, 0) as discounts,
        coalesce(paid_back.refunded, 0) as refunded,
        case when orders.currency = 'CNY' then 1 else rates.rate end as rate
    from orders
    left join goods on goods.order_id = orders.order_id
    left join paid_back on paid_back.order_id = orders.order_id and paid_back.currency = orders.currency
    left join rates
        on rates.currency = orders.currency and orders.order_day >= rates.valid_from
        and (orders.order_day < rates.valid_before or rates.valid_before is null)
)

select
    *,
    round(gross * rate, 2) as gross_base,
    round((gross - discounts) * rate, 2) as sold_base,
    round(refunded * rate, 2) as refunded_base
from priced
