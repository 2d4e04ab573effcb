{{ touched_model("tickets", indexes=[["source", "ticket_id"]]) }}

with clocked as (
    {{ touched_rows(ref("int_tickets__timed"), "tickets") }}
),

rules as (
    select * from {{ ref("service_steps") }}
),

numbered as (
    select
        clocked.*,
        rules.side,
        rules.ends,
        rules.waits,
        row_number() over (
            partition by clocked.source, clocked.ticket_id
            order by clocked.occurred_at, rules.place, clocked.event_id
        ) as step_no
    from clocked
    inner join rules
        on clocked.action = rules.action
),

-- The newest word on whether the case has ended, and on whether it waits: an odd number is a yes.
latest as (
    select
        *,
        max(case when ends is not null then 2 * step_no + cast(ends as integer) end)
            over case_so_far as end_word,
        max(case when waits is not null then 2 * step_no + cast(waits as integer) end)
            over case_so_far as wait_word
    from numbered
    window case_so_far as (partition by source, ticket_id order by step_no rows unbounded preceding)
),

states as (
    select
        *,
        coalesce(mod(end_word, 2) = 0, false) as is_open,
        coalesce(mod(end_word, 2) = 0 and mod(wait_word, 2) = 0, false) as is_running
    from latest
),

spans as (
    select
        *,
        case when lag(is_running) over of_case then clock - lag(clock) over of_case else 0 end as ran
    from states
    window of_case as (partition by source, ticket_id order by step_no)
)

select
    source,
    ticket_id,
    cast(step_no as integer) as step_no,
    action,
    side,
    -- No moment of the business date: the rows of a case that has ended stay as they are.
    case when action <> 'as_of' then occurred_at end as occurred_at,
    is_open,
    is_running,
    sum(ran) over (partition by source, ticket_id order by step_no rows unbounded preceding) as seconds
from spans
