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

-- A line that was sent back twice counts with its first request.
requests as (
    select
        *,
        row_number() over (
            partition by source, order_id, line_no order by requested_at, return_id
        ) as nth
    from returns
),

delivered as (
    select
        lines.category,
        lines.quantity,
        coalesce(orders.delivered_day, orders.order_day) as day,
        coalesce(requests.kind, '(kept)') as outcome,
        coalesce(requests.reason, '(kept)') as reason,
        case
            when requests.units > lines.quantity then lines.quantity
            else coalesce(requests.units, 0)
        end as units_back
    from lines
    inner join orders
        on lines.source = orders.source and lines.order_id = orders.order_id
    left join requests
        on
            lines.source = requests.source
            and lines.order_id = requests.order_id
            and lines.line_no = requests.line_no
            and requests.nth = 1
)

select
    day,
    category,
    outcome,
    reason,
    cast(count(*) as integer) as lines,
    cast(sum(quantity) as bigint) as units,
    cast(sum(units_back) as bigint) as units_back
from delivered
where day <= {{ business_date() }}
group by day, category, outcome, reason
