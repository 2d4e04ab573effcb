{{ touched_model("tickets", indexes=[["source", "ticket_id"]]) }}

with steps as (
    {{ touched_rows(ref("int_tickets__steps"), "tickets") }}
),

answered as (
    select
        *,
        count(*) filter (where side = 'desk')
            over (partition by source, ticket_id order by step_no rows unbounded preceding) as answers
    from steps
),

-- A turn is all that the customer says between two answers of the desk, and the answer that follows.
turns as (
    select
        source,
        ticket_id,
        answers - case when side = 'desk' then 1 else 0 end as turn_no,
        min(seconds) filter (where side = 'customer' and is_running) as asked_seconds,
        min(seconds) filter (where side = 'desk') as answer_seconds,
        min(occurred_at) filter (where side = 'desk') as answered_at,
        max(seconds) filter (where side is null) as seconds_so_far
    from answered
    group by source, ticket_id, answers - case when side = 'desk' then 1 else 0 end
)

select
    source,
    ticket_id,
    cast(turn_no as integer) as turn_no,
    answered_at,
    answer_seconds is not null as is_answered,
    coalesce(answer_seconds, seconds_so_far) - asked_seconds as seconds
from turns
where asked_seconds is not null
