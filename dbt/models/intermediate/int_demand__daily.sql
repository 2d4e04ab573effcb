with lines as (
    select * from {{ ref("int_order_lines__priced") }}
),

searches as (
    select * from {{ ref("search_terms_daily") }}
)

select
    'category' as kind,
    category as subject,
    order_day as day,
    cast(count(distinct row(source, order_id)) as integer) as n
from lines
group by category, order_day
union all
select
    'search_term' as kind,
    term as subject,
    day,
    visits as n
from searches
where term <> '(rare)'
