with tickets as (
    select * from {{ ref("after_sales_tickets") }}
)

select
    opened_day as day,
    class,
    kind,
    priority,
    cast(count(*) as integer) as tickets,
    cast(count(*) filter (where is_odd) as integer) as odd_tickets,
    cast(count(*) filter (where state = 'resolved') as integer) as resolved,
    cast(count(*) filter (where state = 'waiting') as integer) as waiting,
    cast(count(*) filter (where reopened > 0) as integer) as reopened,
    cast(count(first_reply_minutes) as integer) as replied,
    cast(coalesce(sum(first_reply_minutes), 0) as numeric(18, 2)) as first_reply_minutes,
    cast(count(*) filter (where first_reply_met) as integer) as first_reply_met,
    cast(count(*) filter (where not first_reply_met) as integer) as first_reply_missed,
    cast(sum(next_replies) as integer) as next_replies,
    cast(sum(next_reply_minutes) as numeric(18, 2)) as next_reply_minutes,
    cast(sum(next_replies_met) as integer) as next_replies_met,
    cast(sum(next_replies_missed) as integer) as next_replies_missed,
    cast(
        coalesce(sum(worked_minutes) filter (where state = 'resolved'), 0) as numeric(18, 2)
    ) as resolution_minutes,
    cast(count(*) filter (where resolution_met) as integer) as resolution_met,
    cast(count(*) filter (where not resolution_met) as integer) as resolution_missed,
    cast(count(rating) as integer) as rated,
    cast(coalesce(sum(rating), 0) as integer) as rating_sum
from tickets
group by opened_day, class, kind, priority
