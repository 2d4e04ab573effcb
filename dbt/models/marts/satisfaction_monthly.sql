{{ touched_model("opinion_months") }}

with periods as (
    {{ touched_rows(ref("int_satisfaction__periods"), "opinion_months") }}
),

sums as (
    select * from periods
    where period = 'month'
),

estimates as (
    select *
    from ({{ touched_rows(ref("int_satisfaction__estimates"), "opinion_months") }}) as figures
    where period = 'month'
)

{{ satisfaction_of_periods("month") }}
