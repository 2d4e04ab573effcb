create table sales_daily as
with movements as (
    select order_day as day, currency, 1 as orders, gross, discounts, 0 as refunds
    from order_money
    where is_sale
    union all
    select refunds.refund_day, refunds.currency, 0, 0, 0, refunds.amount
    from refunds
    left join orders on orders.order_id = refunds.order_id
    where coalesce(orders.is_sale, true)
)
select day, currency, sum(orders) as orders, sum(gross) as gross, sum(discounts) as discounts, sum(refunds) as refunds
from movements
group by day, currency
