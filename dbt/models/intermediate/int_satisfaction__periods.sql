{{ touched_model("opinion_periods", indexes=[["first_day", "breakdown"]]) }}

with daily as (
    select * from {{ ref("int_satisfaction__daily") }}
),

dated as (
    {{ days_of_touched_periods("daily") }}
),

placed as (
    select
        dated.*,
        scopes.days
    from dated
    cross join (values ('all'), ('ordinary')) as scopes (days)
    where scopes.days = 'all' or not dated.is_promotion
)

select
    period,
    first_day,
    days,
    metric,
    dimension,
    breakdown,
    subject,
    cast(coalesce(sum(n) filter (where is_promotion), 0) as integer) as promotion_n,
    {{ added_up_satisfaction() }}
from placed
group by period, first_day, days, metric, dimension, breakdown, subject
