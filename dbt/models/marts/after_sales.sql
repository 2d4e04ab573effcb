{{ touched_model("fact_days") }}

with deliveries as (
    {{ touched_rows(ref("int_deliveries"), "fact_days", ["goods_day"]) }}
),

lines as (
    {{ rows_of(ref("int_order_lines__priced"), "deliveries", ["source", "order_id"]) }}
),

returns as (
    {{ rows_of(ref("stg_returns"), "deliveries", ["source", "order_id"]) }}
),

-- A line that was sent back twice counts with its first request.
requests as (
    select distinct on (source, order_id, line_no) *
    from returns
    where status <> 'rejected'
    order by source asc, order_id asc, line_no asc, requested_at asc, return_id asc
),

delivered as (
    select
        lines.category,
        lines.quantity,
        deliveries.goods_day as day,
        coalesce(requests.kind, '(kept)') as outcome,
        coalesce(requests.reason, '(kept)') as reason,
        case
            when requests.units > lines.quantity then lines.quantity
            else coalesce(requests.units, 0)
        end as units_back
    from lines
    inner join deliveries
        on lines.source = deliveries.source and lines.order_id = deliveries.order_id
    left join requests
        on
            lines.source = requests.source
            and lines.order_id = requests.order_id
            and lines.line_no = requests.line_no
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
