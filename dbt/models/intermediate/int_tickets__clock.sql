{{ touched_model("tickets", indexes=[["source", "ticket_id"]]) }}

with steps as (
    {{ touched_rows(ref("int_tickets__steps"), "tickets") }}
),

replies as (
    {{ touched_rows(ref("int_tickets__replies"), "tickets") }}
),

tickets as (
    {{ touched_rows(ref("stg_tickets"), "tickets") }}
),

targets as (
    select * from {{ ref("service_targets") }}
),

turned as (
    select
        *,
        not is_open and lag(is_open) over (partition by source, ticket_id order by step_no) as is_end
    from steps
),

cases as (
    select
        source,
        ticket_id,
        bool_or(is_open) filter (where action = 'as_of') as is_open,
        bool_or(is_open and not is_running) filter (where action = 'as_of') as is_waiting,
        -- A step before the opening: one of two clocks is wrong, and nobody can tell which.
        min(step_no) filter (where action = 'opened') > 1 as is_odd,
        count(*) filter (where action = 'reopened') as reopened,
        max(occurred_at) filter (where is_end) as ended_at,
        max(seconds) as seconds
    from turned
    group by source, ticket_id
),

answered as (
    select
        replies.source,
        replies.ticket_id,
        replies.turn_no,
        replies.is_answered,
        replies.seconds,
        {{ target_met("replies.is_answered", "replies.seconds", "targets.first_reply_minutes") }}
            as first_met,
        {{ target_met("replies.is_answered", "replies.seconds", "targets.next_reply_minutes") }}
            as next_met
    from replies
    inner join tickets
        on replies.source = tickets.source and replies.ticket_id = tickets.ticket_id
    inner join targets
        on tickets.priority = targets.priority
),

turns as (
    select
        source,
        ticket_id,
        bool_or(is_answered) filter (where turn_no = 0) as is_replied,
        min(seconds) filter (where turn_no = 0 and is_answered) as first_seconds,
        bool_or(first_met) filter (where turn_no = 0) as first_met,
        count(*) filter (where turn_no > 0 and is_answered) as next_replies,
        sum(seconds) filter (where turn_no > 0 and is_answered) as next_seconds,
        count(*) filter (where turn_no > 0 and next_met) as next_met,
        count(*) filter (where turn_no > 0 and not next_met) as next_missed
    from answered
    group by source, ticket_id
)

select
    cases.source,
    cases.ticket_id,
    cases.is_open,
    cases.is_waiting,
    cases.is_odd,
    cast(cases.reopened as integer) as reopened,
    case when not cases.is_open then cases.ended_at end as resolved_at,
    turns.is_replied,
    turns.first_seconds,
    turns.first_met,
    cast(turns.next_replies as integer) as next_replies,
    coalesce(turns.next_seconds, 0) as next_seconds,
    cast(turns.next_met as integer) as next_met,
    cast(turns.next_missed as integer) as next_missed,
    cases.seconds
from cases
left join turns
    on cases.source = turns.source and cases.ticket_id = turns.ticket_id
