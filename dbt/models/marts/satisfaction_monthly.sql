with sums as (
    select * from {{ ref("int_satisfaction__periods") }}
    where period = 'month'
),

estimates as (
    select * from {{ ref("int_satisfaction__estimates") }}
    where period = 'month'
)

select
    {{ satisfaction_of_periods("month") }}
from sums
left join estimates
    on
        sums.first_day = estimates.first_day
        and sums.days = estimates.days
        and sums.metric = estimates.metric
        and sums.dimension = estimates.dimension
        and sums.breakdown = estimates.breakdown
        and sums.subject = estimates.subject
