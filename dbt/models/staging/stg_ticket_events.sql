-- A step has no versions, so raw holds each once.
with events as (
    select * from {{ source("raw", "ticket_events") }}
    where _business_date <= {{ business_date() }}
)

select
    _source as source,
    event_id,
    ticket_id,
    action,
    occurred_at
from events
where {{ local_day("occurred_at") }} <= {{ business_date() }}
