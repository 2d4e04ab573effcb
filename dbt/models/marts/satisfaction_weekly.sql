with sums as (
    select * from {{ ref("int_satisfaction__periods") }}
    where period = 'week'
),

estimates as (
    select * from {{ ref("int_satisfaction__estimates") }}
    where period = 'week'
)

{{ satisfaction_of_periods("week") }}
