{{ touched_model("days", indexes=[["day"]]) }}

with orders as (
    {{ touched_rows(ref("stg_order_versions"), "books") }}
),

order_lines as (
    {{ touched_rows(ref("stg_order_line_versions"), "books") }}
),

refunds as (
    {{ touched_rows(ref("stg_refund_versions"), "book_refunds") }}
),

current_orders as (
    select * from orders
    where is_newest
),

sent as (
    select
        'orders' as feed,
        order_day as day,
        currency,
        case
            when not is_newest then 'superseded'
            when order_day > {{ business_date() }} then 'ahead'
            when not is_sale then 'not_a_sale'
            else 'arrived'
        end as reason,
        1 as orders,
        0 as gross,
        discount,
        shipping,
        0 as refund
    from orders
    union all
    -- Lines have neither day nor currency of their own: they have those of their order.
    select
        'order_lines' as feed,
        coalesce(current_orders.order_day, order_lines.known_day) as day,
        coalesce(current_orders.currency, {{ no_currency() }}) as currency,
        case
            when not order_lines.is_newest then 'superseded'
            when current_orders.order_id is null then 'unknown_order'
            when current_orders.order_day > {{ business_date() }} then 'ahead'
            when not current_orders.is_sale or order_lines.is_cancelled then 'not_a_sale'
            else 'arrived'
        end as reason,
        0 as orders,
        order_lines.amount as gross,
        order_lines.discount,
        order_lines.shipping,
        0 as refund
    from order_lines
    left join current_orders
        on order_lines.source = current_orders.source and order_lines.order_id = current_orders.order_id
    union all
    select
        'refunds' as feed,
        refunds.refund_day as day,
        refunds.currency,
        case
            when not refunds.is_newest then 'superseded'
            when refunds.refund_day > {{ business_date() }} then 'ahead'
            when not current_orders.is_sale then 'not_a_sale'
            else 'arrived'
        end as reason,
        0 as orders,
        0 as gross,
        0 as discount,
        0 as shipping,
        refunds.amount as refund
    from refunds
    left join current_orders
        on
            refunds.source = current_orders.source
            and refunds.order_id = current_orders.order_id
            and current_orders.order_day <= {{ business_date() }}
)

select
    feed,
    day,
    currency,
    reason,
    sum(orders) as orders,
    cast(sum(gross) as numeric(18, 4)) as gross,
    cast(sum(discount) as numeric(18, 4)) as discounts,
    cast(sum(shipping) as numeric(18, 4)) as shipping,
    cast(sum(refund) as numeric(18, 4)) as refunds,
    0 as orders_rounding,
    cast(sum(gross - round(gross, 2)) as numeric(18, 4)) as gross_rounding,
    cast(sum(discount - round(discount, 2)) as numeric(18, 4)) as discounts_rounding,
    cast(sum(shipping - round(shipping, 2)) as numeric(18, 4)) as shipping_rounding,
    cast(sum(refund - round(refund, 2)) as numeric(18, 4)) as refunds_rounding
from sent
where {{ touched_filter("days") }}
group by feed, day, currency, reason
