with daily as (
    select * from {{ ref("search_terms_daily") }}
    where day > {{ days_after(business_date(), "-" ~ setting("demand_rules", "recent_days")) }}
),

sums as (
    select
        term,
        sum(searches) as searches,
        sum(visits) as visits,
        sum(observed_visits) as observed,
        sum(converted_visits) as converted
    from daily
    group by term
),

judged as (
    select
        *,
        observed >= {{ setting("demand_rules", "min_visits") }} as is_enough,
        cast({{ setting("demand_rules", "z") }} as double precision) as z
    from sums
)

select
    term,
    {{ days_after(business_date(), "1 - " ~ setting("demand_rules", "recent_days")) }} as first_day,
    {{ business_date() }} as last_day,
    cast(row_number() over (order by visits desc, term asc) as integer) as place,
    cast(searches as integer) as searches,
    cast(visits as integer) as visits,
    cast(observed as integer) as observed_visits,
    cast(converted as integer) as converted_visits,
    case when is_enough then cast(cast(converted as numeric) / observed as numeric(5, 4)) end as conversion,
    case when is_enough then {{ wilson("converted", "observed", "z", "low") }} end as ci_low,
    case when is_enough then {{ wilson("converted", "observed", "z", "high") }} end as ci_high
from judged
