{{ touched_model("orders", indexes=[["source", "order_id"], ["customer_key"], ["order_day"]]) }}

with lines as (
    {{ touched_rows(ref("stg_order_lines"), "orders") }}
),

orders as (
    {{ touched_rows(ref("int_orders__priced"), "orders") }}
),

sales as (
    select * from orders
    where is_sale
),

products as (
    select * from {{ ref("stg_products") }}
),

-- What a line is worth before the order's own discount decides how much of the order falls to it.
weighed as (
    select
        source,
        order_id,
        line_no,
        product_id,
        seller_id,
        quantity,
        unit_price,
        amount,
        discount,
        amount - discount as worth,
        sum(amount - discount) over (partition by source, order_id) as order_worth,
        sum(amount - discount) over (partition by source, order_id order by line_no) as worth_so_far,
        sum(discount) over (partition by source, order_id) as line_discounts,
        count(*) over (partition by source, order_id) as order_lines,
        row_number() over (partition by source, order_id order by line_no) as place
    from lines
),

placed as (
    select
        *,
        case
            when order_worth = 0 then cast(place as numeric) / order_lines
            else worth_so_far / order_worth
        end as reached,
        case
            when order_worth = 0 then cast(place - 1 as numeric) / order_lines
            else (worth_so_far - worth) / order_worth
        end as reached_before
    from weighed
)

select
    placed.source,
    placed.order_id,
    placed.line_no,
    sales.customer_key,
    sales.order_day,
    sales.channel,
    sales.currency,
    placed.product_id,
    placed.seller_id,
    coalesce(products.category, '(none)') as category,
    placed.quantity,
    placed.amount,
    cast(placed.discount + {{ piece_of("(sales.discounts - placed.line_discounts)") }} as numeric(18, 2))
        as discount,
    {{ piece_of("sales.sold_base") }} as sold_base,
    placed.unit_price * sales.rate as unit_price_base,
    placed.discount > 0 or sales.discounts > placed.line_discounts as is_discounted,
    placed.place = 1 as is_first_of_order
from placed
inner join sales
    on placed.source = sales.source and placed.order_id = sales.order_id
left join products
    on placed.source = products.source and placed.product_id = products.product_id
