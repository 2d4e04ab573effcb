{{ touched_model("opinion_months") }}

with periods as (
    {{ touched_rows(ref("int_satisfaction__periods"), "opinion_months") }}
),

sums as (
    select * from periods
    where period = 'month'
),

estimates as (
    select * from {{ ref("int_satisfaction__estimates") }}
    where period = 'month'
)

{{ satisfaction_of_periods("month") }}
