{{ touched_model("tickets", indexes=[["source", "order_id"]]) }}

with tickets as (
    {{ touched_rows(ref("stg_tickets"), "tickets") }}
),

clocks as (
    {{ touched_rows(ref("int_tickets__clock"), "tickets") }}
),

targets as (
    select * from {{ ref("service_targets") }}
),

holidays as (
    select * from {{ ref("service_holidays") }}
),

filled_years as (
    select distinct {{ period_start("year", "day") }} as first_day from holidays
)

select
    tickets.source,
    tickets.ticket_id,
    tickets.customer_key,
    tickets.order_id,
    tickets.class,
    tickets.kind,
    tickets.channel,
    tickets.priority,
    tickets.opened_day,
    case
        when not clocks.is_open then 'resolved'
        when clocks.is_waiting then 'waiting'
        else 'open'
    end as state,
    {{ local_day("clocks.resolved_at") }} as resolved_day,
    clocks.reopened,
    clocks.is_odd,
    filled_years.first_day is not null as holidays_known,
    case when not clocks.is_odd then {{ minutes("clocks.first_seconds") }} end as first_reply_minutes,
    case when not clocks.is_odd then clocks.first_met end as first_reply_met,
    case when clocks.is_odd then 0 else clocks.next_replies end as next_replies,
    {{ minutes("case when clocks.is_odd then 0 else clocks.next_seconds end") }} as next_reply_minutes,
    case when clocks.is_odd then 0 else clocks.next_met end as next_replies_met,
    case when clocks.is_odd then 0 else clocks.next_missed end as next_replies_missed,
    case when not clocks.is_odd then {{ minutes("clocks.seconds") }} end as worked_minutes,
    case
        when not clocks.is_odd
            then {{ target_met("not clocks.is_open", "clocks.seconds", "targets.resolution_minutes") }}
    end as resolution_met,
    cast(tickets.rating as integer) as rating
from tickets
inner join clocks
    on tickets.source = clocks.source and tickets.ticket_id = clocks.ticket_id
inner join targets
    on tickets.priority = targets.priority
left join filled_years
    on
        {{ period_start("year", local_day("coalesce(clocks.resolved_at, " ~ day_end() ~ ")")) }}
        = filled_years.first_day
