create table sales_daily as
with movements as (
    select order_day as day, currency, 1 as orders, gross, discounts, 0 as refunds, 0 as refunds_unsold
    from order_money
    where is_sale
    union all
    select
        refunds.refund_day,
        refunds.currency,
        0,
        0,
        0,
        case when coalesce(orders.is_sale, true) then refunds.amount else 0 end,
        case when coalesce(orders.is_sale, true) then 0 else refunds.amount end
    from refunds
    left join orders on orders.order_id = refunds.order_id
)
select
    day,
    currency,
    sum(orders) as orders,
    sum(gross) as gross,
    sum(discounts) as discounts,
    sum(refunds) as refunds,
    sum(gross) - sum(discounts) - sum(refunds) as net,
    sum(refunds_unsold) as refunds_unsold
from movements
group by day, currency
