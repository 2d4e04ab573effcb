{{ touched_model("opinion_weeks") }}

with periods as (
    {{ touched_rows(ref("int_satisfaction__periods"), "opinion_weeks") }}
),

sums as (
    select * from periods
    where period = 'week'
),

estimates as (
    select *
    from ({{ touched_rows(ref("int_satisfaction__estimates"), "opinion_weeks") }}) as figures
    where period = 'week'
)

{{ satisfaction_of_periods("week") }}
