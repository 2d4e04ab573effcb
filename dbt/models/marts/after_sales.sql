{{ touched_model("fact_days") }}

with dated as (
    {{ touched_rows(ref("int_orders__priced"), "fact_days", ["delivered_day"]) }}
),

undated as (
    {{ touched_rows(ref("int_orders__priced"), "fact_days", ["order_day"]) }}
),

orders as (
    select
        source,
        order_id,
        delivered_day as day
    from dated
    where status = 'delivered' and delivered_day <= {{ business_date() }}
    union all
    select
        source,
        order_id,
        order_day as day
    from undated
    where status = 'delivered' and delivered_day is null
),

lines as (
    {{ rows_of(ref("int_order_lines__priced"), "orders", ["source", "order_id"]) }}
),

returns as (
    {{ rows_of(ref("stg_returns"), "orders", ["source", "order_id"]) }}
),

-- A line that was sent back twice counts with its first request.
requests as (
    select
        *,
        row_number() over (
            partition by source, order_id, line_no order by requested_at, return_id
        ) as nth
    from returns
    where status <> 'rejected'
),

delivered as (
    select
        lines.category,
        lines.quantity,
        orders.day,
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
group by day, category, outcome, reason
