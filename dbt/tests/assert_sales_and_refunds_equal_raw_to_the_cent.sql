-- Law 2: day by day and currency by currency, the mart and raw hold the same money. Raw is read here by
-- another road than staging takes: a version counts when no newer one had come.
with orders as (
    select
        o._source,
        o.order_id,
        {{ local_day("o.ordered_at") }} as day,
        o.currency,
        round(coalesce(o.discount, 0), 2) as discount,
        o.status not in ('placed', 'cancelled') as is_sale
    from {{ source("raw", "orders") }} as o
    where
        o._business_date <= {{ business_date() }}
        and {{ touched_filter("books", ["o._source", "o.order_id"]) }}
        and {{ local_day("o.ordered_at") }} <= {{ business_date() }}
        and not exists (
            select 1 from {{ source("raw", "orders") }} as newer
            where
                newer._source = o._source and newer.order_id = o.order_id and newer._version > o._version
                and newer._business_date <= {{ business_date() }}
        )
),

order_lines as (
    select
        l._source,
        l.order_id,
        round(l.quantity * l.unit_price, 2) as amount,
        round(coalesce(l.discount, 0), 2) as discount
    from {{ source("raw", "order_lines") }} as l
    where
        {{ touched_filter("books", ["l._source", "l.order_id"]) }}
        and l.quantity > 0
        and l._business_date <= {{ business_date() }}
        and not exists (
            select 1 from {{ source("raw", "order_lines") }} as newer
            where
                newer._source = l._source and newer.order_id = l.order_id and newer.line_no = l.line_no
                and newer._version > l._version and newer._business_date <= {{ business_date() }}
        )
),

refunds as (
    select
        {{ local_day("r.refunded_at") }} as day,
        r.currency,
        round(r.amount, 2) as amount
    from {{ source("raw", "refunds") }} as r
    where
        {{ touched_filter("book_refunds", ["r._source", "r.refund_id"]) }}
        and r._business_date <= {{ business_date() }}
        and {{ local_day("r.refunded_at") }} <= {{ business_date() }}
        and not exists (
            select 1 from {{ source("raw", "refunds") }} as newer
            where
                newer._source = r._source and newer.refund_id = r.refund_id and newer._version > r._version
                and newer._business_date <= {{ business_date() }}
        )
),

amounts as (
    select
        day,
        currency,
        1 as orders,
        0 as gross,
        discount as discounts,
        0 as refunds
    from orders
    where is_sale
    union all
    select
        o.day,
        o.currency,
        0 as orders,
        l.amount as gross,
        l.discount as discounts,
        0 as refunds
    from orders as o
    inner join order_lines as l on o._source = l._source and o.order_id = l.order_id
    where o.is_sale
    union all
    select
        day,
        currency,
        0 as orders,
        0 as gross,
        0 as discounts,
        amount as refunds
    from refunds
    union all
    select
        day,
        currency,
        -orders as orders,
        -gross as gross,
        -discounts as discounts,
        -refunds - refunds_unsold as refunds
    from {{ ref("sales_daily") }}
)

select
    day,
    currency,
    sum(orders) as orders,
    sum(gross) as gross,
    sum(discounts) as discounts,
    sum(refunds) as refunds
from amounts
where {{ touched_filter("days") }}
group by day, currency
having
    sum(orders) <> 0
    or sum(gross) <> 0
    or sum(discounts) <> 0
    or sum(refunds) <> 0
