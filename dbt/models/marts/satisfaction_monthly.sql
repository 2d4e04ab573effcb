with sums as (
    select * from {{ ref("int_satisfaction__periods") }}
    where period = 'month'
),

estimates as (
    select * from {{ ref("int_satisfaction__estimates") }}
    where period = 'month'
)

{{ satisfaction_of_periods("month") }}
