with changes as (
    select * from {{ ref("metric_changes") }}
)

select
    changed_on,
    mart,
    column_name,
    change,
    reason
from changes
