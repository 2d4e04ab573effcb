-- noqa: disable=AL05,AM05,LT08,LT11,PRS,RF03,ST05,ST07
-- What follows a sale: parcels, goods that come back, tickets, and the days on which any of it counts.
insert into staging.touched_parcels
select _source, delivery_id from {deliveries} as r
union
select source, key[1] from staging.taken_changes where feed = 'deliveries' and key is not null;
analyze staging.touched_parcels;

-- An order is brought by the parcels that are of it; one that was of another order leaves that one.
insert into staging.touched_shipped_orders
select source, order_id from staging.touched_orders
union
select d._source, d.order_id
from raw.deliveries as d join staging.touched_parcels as t on t.source = d._source and t.delivery_id = d.delivery_id
union
select d.source, d.order_id from staging.stg_deliveries as d join staging.touched_parcels using (source, delivery_id);
analyze staging.touched_shipped_orders;

insert into staging.touched_returns
select _source, return_id, line_no from {returns} as r
union
select source, key[1], key[2]::bigint from staging.taken_changes where feed = 'returns' and key is not null
union
select _source, return_id, line_no from raw.returns
where requested_at >= %(first)s and requested_at < %(after)s and _business_date <= %(built)s;
analyze staging.touched_returns;

-- Tickets with another version or step. A step that is gone is known by its own id alone.
insert into staging.touched_ticket_steps
select _source, event_id from {ticket_events} as r
union
select source, key[1] from staging.taken_changes where feed = 'ticket_events' and key is not null
union
select _source, event_id from raw.ticket_events
where occurred_at >= %(first)s and occurred_at < %(after)s and _business_date <= %(built)s;
analyze staging.touched_ticket_steps;

create temp table ticketed on commit drop as
select _source as source, ticket_id from {tickets} as r
union
select source, key[1] from staging.taken_changes where feed = 'tickets' and key is not null
union
select _source, ticket_id from raw.tickets
where opened_at >= %(first)s and opened_at < %(after)s and _business_date <= %(built)s
union
select e._source, e.ticket_id
from raw.ticket_events as e
join staging.touched_ticket_steps as t on t.source = e._source and t.event_id = e.event_id
union
select e.source, e.ticket_id from staging.stg_ticket_events as e join staging.touched_ticket_steps using (source, event_id);
analyze ticketed;

-- Those of an account that is another person's, too, and all that are open: their clock runs up to the business date.
insert into staging.touched_tickets
select source, ticket_id from ticketed
union
select source, ticket_id from staging.stg_tickets join staging.touched_accounts using (source, customer_id)
union
select source, ticket_id from intermediate.int_tickets__clock where is_open;
analyze staging.touched_tickets;

create temp table ticketed_orders on commit drop as
select r._source as source, r.order_id
from raw.tickets as r join ticketed as t on t.source = r._source and t.ticket_id = r.ticket_id
where r.order_id is not null
union
select r.source, r.order_id from staging.stg_tickets as r join ticketed using (source, ticket_id)
where r.order_id is not null;
analyze ticketed_orders;

create temp table asked_back on commit drop as
select s.source, s.order_id, s.requested_day
from staging.stg_returns as s join staging.touched_returns using (source, return_id, line_no)
union
select r._source, r.order_id, (r.requested_at at time zone %(zone)s)::date
from raw.returns as r
join staging.touched_returns as t
    on t.source = r._source and t.return_id = r.return_id and t.line_no = r.line_no;
analyze asked_back;

-- What a low answer complains of may be that goods of its order went back.
insert into staging.touched_voiced_answers
select source, answer_id from staging.touched_answers
union
select a.source, a.answer_id
from intermediate.int_answers as a
join (select distinct source, order_id from asked_back) as b using (source, order_id);
analyze staging.touched_voiced_answers;

-- A case is settled by a reply, by its own ticket, or by another one of its order.
insert into staging.touched_cases
select source, answer_id from staging.touched_voiced_answers
union
select source, ticket_id from staging.touched_tickets
union
select c.source, c.case_id from intermediate.int_feedback__cases as c join ticketed_orders using (source, order_id)
union
select _source, review_id from raw.reviews
where answered_at >= %(first)s and answered_at < %(after)s and _business_date <= %(built)s;
analyze staging.touched_cases;

-- Orders whose goods may be spoken against, and the months in which they were placed, or are now.
insert into staging.touched_goods_orders
select source, order_id from staging.touched_orders
union
select source, order_id from asked_back
union
select source, order_id from ticketed_orders;
analyze staging.touched_goods_orders;

insert into staging.touched_goods_months
select l.month
from intermediate.int_watchlist__lines as l join staging.touched_goods_orders using (source, order_id)
union
select date_trunc('month', o.ordered_at at time zone %(zone)s)::date
from raw.orders as o join staging.touched_goods_orders as t on t.source = o._source and t.order_id = o.order_id;
analyze staging.touched_goods_months;

-- Orders with another complaint, or one that is settled, and those that were watched long enough by now.
insert into staging.touched_watched_orders
with watched as (
    select sum(value)::int as days from staging.feedback_rules where setting in ('resolve_days', 'repurchase_days')
)
select source, order_id from staging.touched_judged_orders
union
select source, order_id from ticketed_orders
union
select _source, order_id from raw.reviews
where answered_at >= %(first)s and answered_at < %(after)s and _business_date <= %(built)s
union
select c.source, c.order_id
from intermediate.int_feedback__cases as c
cross join watched as w
where c.opened_day > %(built)s::date - w.days and c.opened_day <= %(day)s::date - w.days and c.order_id is not null
union
select o.source, o.order_id
from intermediate.int_orders__priced as o
cross join watched as w
where o.delivered_day > %(built)s::date - w.days and o.delivered_day <= %(day)s::date - w.days;
analyze staging.touched_watched_orders;

-- Days on which a sale, its promise, its delivery, a word about it, a return of it or a ticket counts.
insert into staging.touched_fact_days
with followed as (
    select source, order_id from staging.touched_shipped_orders
    union
    select source, order_id from asked_back
)
select day from staging.touched_sale_days
union
select answer_day from days_of_answers
union
select requested_day from asked_back where requested_day is not null
union
select r.requested_day from staging.stg_returns as r join staging.touched_orders using (source, order_id)
union
select v.day
from intermediate.int_orders__priced as o
join followed using (source, order_id)
cross join lateral (values (o.order_day), (o.promised_day), (o.delivered_day)) as v (day)
where v.day is not null
union
select v.day
from raw.orders as o
join followed as f on f.source = o._source and f.order_id = o.order_id
cross join lateral (values
    ((o.ordered_at at time zone %(zone)s)::date),
    ((o.promised_at at time zone %(zone)s)::date),
    ((o.delivered_at at time zone %(zone)s)::date)
) as v (day)
where v.day is not null
union
select (r.opened_at at time zone %(zone)s)::date
from raw.tickets as r join ticketed as t on t.source = r._source and t.ticket_id = r.ticket_id
where r.opened_at is not null;
analyze staging.touched_fact_days;

insert into staging.touched_fact_weeks
select distinct date_trunc('week', day)::date from staging.touched_fact_days;
analyze staging.touched_fact_weeks;
