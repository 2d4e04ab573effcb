with visits as (
    select * from {{ ref("int_searches__visits") }}
),

counted as (
    select
        term,
        count(distinct visitor) as visitors
    from visits
    group by term
)

select
    term,
    cast(visitors as integer) as visitors,
    -- Few people's words may tell who they are; what ingest masked was a contact point.
    case
        when visitors >= {{ setting("demand_rules", "min_visitors") }} and term not like '%[%]%' then term
        else '(rare)'
    end as shown_as
from counted
