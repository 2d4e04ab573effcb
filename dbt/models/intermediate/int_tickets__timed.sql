{{ touched_view("tickets") }}

with tickets as {{ inlined() }} (
    select * from {{ ref("stg_tickets") }}
),

events as (
    select * from {{ ref("stg_ticket_events") }}
),

calendar as (
    select * from {{ ref("int_service__calendar") }}
),

-- A ticket itself says when it opened; the business date's end shows how far an open one has come.
steps as (
    select
        source,
        ticket_id,
        '' as event_id,
        'opened' as action,
        opened_at,
        opened_at as occurred_at
    from tickets
    union all
    select
        events.source,
        events.ticket_id,
        events.event_id,
        events.action,
        tickets.opened_at,
        events.occurred_at
    from events
    inner join tickets
        on events.source = tickets.source and events.ticket_id = tickets.ticket_id
    where events.action <> 'opened'
    union all
    select
        source,
        ticket_id,
        '' as event_id,
        'as_of' as action,
        opened_at,
        {{ day_end() }} as occurred_at
    from tickets
)

-- Working time up to each step, since the calendar begins. What is dated before its opening has none, however
-- far back tonight's calendar goes.
select
    steps.source,
    steps.ticket_id,
    steps.event_id,
    steps.action,
    steps.occurred_at,
    worked.clock
from steps
cross join lateral (
    select
        min(calendar.seconds_before) + coalesce(sum(
            {{ seconds_between("calendar.opens_at", "least(steps.occurred_at, calendar.closes_at)") }}
        ) filter (where steps.occurred_at > calendar.opens_at), 0) as clock
    from calendar
    where
        calendar.day = {{ local_day("steps.occurred_at") }}
        and steps.occurred_at >= steps.opened_at
) as worked
