with categories as (
    select * from {{ ref("category_sales_daily") }}
),

searches as (
    select * from {{ ref("search_terms_daily") }}
)

select
    'category' as kind,
    category as subject,
    day,
    cast(sum(orders) as integer) as n
from categories
group by category, day
union all
select
    'search_term' as kind,
    term as subject,
    day,
    visits as n
from searches
where term <> '(rare)'
