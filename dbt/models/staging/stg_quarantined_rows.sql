with quarantined as (
    select * from {{ source("quarantine", "rows") }}
)

select
    quarantine_id,
    source,
    feed,
    business_date as seen_on,
    array_to_string(reasons, ' + ') as reason,
    case when closed_on <= {{ business_date() }} then state else 'open' end as state,
    case when closed_on <= {{ business_date() }} then closed_on end as closed_on
from quarantined
where business_date <= {{ business_date() }}
