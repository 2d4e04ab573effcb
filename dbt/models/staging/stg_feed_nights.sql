with files as (
    select * from {{ source("landing", "files") }}
    where business_date <= {{ business_date() }}
)

select
    source,
    feed,
    business_date as day,
    cast(sum(rows_seen) as bigint) as rows_seen
from files
group by source, feed, business_date
