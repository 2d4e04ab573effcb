with flagged as (
    select distinct
        source,
        order_id
    from {{ ref("order_flags") }}
),

lines as (
    select * from {{ ref("int_order_lines__priced") }}
)

select
    lines.order_day as day,
    lines.category,
    lines.currency,
    cast(count(distinct row(lines.source, lines.order_id)) as integer) as orders,
    cast(coalesce(sum(lines.sold_base), 0) as numeric(18, 2)) as sold_base
from flagged
inner join lines
    on flagged.source = lines.source and flagged.order_id = lines.order_id
group by lines.order_day, lines.category, lines.currency
