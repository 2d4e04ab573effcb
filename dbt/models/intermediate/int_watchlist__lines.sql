with lines as (
    select * from {{ ref("int_order_lines__priced") }}
),

orders as (
    select * from {{ ref("int_orders__priced") }}
    where status = 'delivered'
),

returns as (
    select * from {{ ref("stg_returns") }}
    where status <> 'rejected'
),

goods_reasons as (
    select * from {{ ref("watchlist_returns") }}
),

tickets as (
    select * from {{ ref("stg_tickets") }}
    where kind = 'complaint' and class = 'product'
),

sold as (
    select
        lines.source,
        lines.order_id,
        lines.line_no,
        lines.product_id,
        coalesce(lines.seller_id, 'unstated') as seller_id,
        lines.category,
        count(*) over (partition by lines.source, lines.order_id) as order_lines
    from lines
    inner join orders
        on lines.source = orders.source and lines.order_id = orders.order_id
),

back as (
    select distinct
        returns.source,
        returns.order_id,
        returns.line_no
    from returns
    inner join goods_reasons
        on returns.reason = goods_reasons.reason
),

complained as (
    select distinct
        source,
        order_id
    from tickets
    where order_id is not null
)

select
    sold.source,
    sold.order_id,
    sold.line_no,
    sold.product_id,
    sold.seller_id,
    sold.category,
    cast(sold.order_lines as integer) as order_lines,
    back.order_id is not null as is_returned,
    complained.order_id is not null as is_complained
from sold
left join back
    on sold.source = back.source and sold.order_id = back.order_id and sold.line_no = back.line_no
left join complained
    on sold.source = complained.source and sold.order_id = complained.order_id
