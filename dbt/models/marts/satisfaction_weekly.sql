with estimates as (
    select * from {{ ref("int_satisfaction__estimates") }}
    where period = 'week'
)

select
    {{ satisfaction_of_periods("week") }}
from estimates
