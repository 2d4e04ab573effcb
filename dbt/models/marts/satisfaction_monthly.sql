with estimates as (
    select * from {{ ref("int_satisfaction__estimates") }}
    where period = 'month'
)

select
    {{ satisfaction_of_periods("month") }}
from estimates
