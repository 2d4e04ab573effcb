{{ touched_model("ticket_steps", indexes=[["source", "event_id"], ["source", "ticket_id"]]) }}

-- A step has no versions, so raw holds each once.
with events as (
    {{ touched_rows(source("raw", "ticket_events"), "ticket_steps", ["_source", "event_id"]) }}
)

select
    _source as source,
    event_id,
    ticket_id,
    action,
    occurred_at
from events
where
    _business_date <= {{ business_date() }}
    and {{ local_day("occurred_at") }} <= {{ business_date() }}
