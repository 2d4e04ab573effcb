-- noqa: disable=AL05,AM05,LT08,LT11,PRS,RF03,ST05,ST07
-- Which keys a build must work out anew after the last one: all that may differ, and little more. `day` is the date to
-- build, `built` the date that was built. A feed in braces stands for the rows of that feed that the last build has not
-- seen; `first` and `after` the moments between which a row that was known ahead of its time comes of age.
truncate staging.touched_orders, staging.touched_refunds, staging.touched_answers,
    staging.touched_accounts, staging.touched_customers, staging.touched_customer_orders,
    staging.touched_new_days, staging.touched_days, staging.touched_sale_days,
    staging.touched_books, staging.touched_book_refunds, staging.touched_book_answers,
    staging.touched_judged_orders, staging.touched_settled_weeks, staging.touched_answer_days,
    staging.touched_review_weeks, staging.touched_opinions, staging.touched_opinion_periods,
    staging.touched_opinion_weeks, staging.touched_opinion_months,
    staging.touched_parcels, staging.touched_returns, staging.touched_shipped_orders,
    staging.touched_basket_orders, staging.touched_watched_customers, staging.touched_fact_days, staging.touched_fact_weeks;

create temp table persons on commit drop as
with turned as (
    select key[1] as customer_key from staging.taken_changes where feed = 'person_keys'
    union
    select v.customer_key
    from vault.person_keys as p cross join lateral (values (p.customer_key), (p.superseded_by)) as v (customer_key)
    where p.since > %(built)s and p.since <= %(day)s
)
select customer_key from turned where customer_key is not null
union
select p.superseded_by from vault.person_keys as p join turned using (customer_key) where p.superseded_by is not null;

insert into staging.touched_refunds
select _source, refund_id from {refunds} as r
union
select source, key[1] from staging.taken_changes where feed = 'refunds' and key is not null
union
select _source, refund_id from raw.refunds
where refunded_at >= %(first)s and refunded_at < %(after)s and _business_date <= %(built)s;
analyze staging.touched_refunds;

create temp table reviewed on commit drop as
select _source as source, review_id as answer_id, order_id from {reviews} as r
union
select source, key[1], key[2] from staging.taken_changes where feed = 'reviews' and key is not null
union
select _source, review_id, order_id from raw.reviews
where created_at >= %(first)s and created_at < %(after)s and _business_date <= %(built)s;

create temp table answered on commit drop as
select _source as source, response_id as answer_id from {survey_responses} as r
union
select source, key[1] from staging.taken_changes where feed = 'survey_responses' and key is not null
union
select _source, response_id from raw.survey_responses
where answered_at >= %(first)s and answered_at < %(after)s and _business_date <= %(built)s;

-- Orders whose record changed: a version, a line or a refund of them.
create temp table recorded on commit drop as
select _source as source, order_id from {orders} as r
union
select _source, order_id from {order_lines} as r
union
select source, key[1] from staging.taken_changes where feed in ('orders', 'order_lines') and key is not null
union
select r._source, r.order_id
from raw.refunds as r join staging.touched_refunds as t on t.source = r._source and t.refund_id = r.refund_id
union
select r.source, r.order_id from staging.stg_refunds as r join staging.touched_refunds using (source, refund_id)
union
select _source, order_id from raw.orders
where ordered_at >= %(first)s and ordered_at < %(after)s and _business_date <= %(built)s
union
select _source, order_id from raw.orders
where delivered_at >= %(first)s and delivered_at < %(after)s and _business_date <= %(built)s;
analyze recorded;

-- Products whose category is another one now.
create temp table moved on commit drop as
with turned as (
    select _source as source, product_id from {products} as r
    union
    select source, key[1] from staging.taken_changes where feed = 'products' and key is not null
), newest as (
    select distinct on (t.source, t.product_id) t.source, t.product_id, r.category
    from turned as t
    left join raw.products as r
        on r._source = t.source and r.product_id = t.product_id and r._business_date <= %(day)s
    order by t.source asc, t.product_id asc, r._version desc
)
select n.source, n.product_id
from newest as n left join staging.stg_products as p using (source, product_id)
where n.category is distinct from p.category;
analyze moved;

insert into staging.touched_orders
with rates as (
    select source, currency, min(rate_date) as rate_date
    from (
        select _source as source, currency, rate_date from {exchange_rates} as r
        union all
        select source, key[1], key[2]::date from staging.taken_changes
        where feed = 'exchange_rates' and key is not null
    ) as turned
    group by source, currency
)
select source, order_id from recorded
union
select source, order_id from reviewed
union
select _source, order_id from {payments} as r
union
select source, key[1] from staging.taken_changes where feed = 'payments' and key is not null
union
select c.source, c.order_id from intermediate.int_orders__contents as c join moved using (source, product_id)
union
select o.source, o.order_id from intermediate.int_orders__priced as o join persons using (customer_key)
union
select o.source, o.order_id
from intermediate.int_orders__priced as o
join rates as r on r.source = o.source and r.currency = o.currency and o.order_day >= r.rate_date;
analyze staging.touched_orders;

insert into staging.touched_answers
select source, answer_id from reviewed
union
select source, answer_id from answered
union
select a.source, a.answer_id
from intermediate.int_answers as a join staging.touched_orders using (source, order_id)
union
select a.source, a.answer_id from intermediate.int_answers as a join persons using (customer_key);
analyze staging.touched_answers;

insert into staging.touched_accounts
select _source, customer_id from {customers} as r
union
select source, key[1] from staging.taken_changes where feed in ('customers', 'identities') and key is not null
union
select i.source, i.customer_id from staging.stg_identities as i join persons using (customer_key)
union
select i.source, i.customer_id from vault.identities as i join persons using (customer_key);
analyze staging.touched_accounts;

-- Whose they were at the last build, and whose they are now.
insert into staging.touched_customers
with accounts as (
    select source, customer_id from staging.touched_accounts
    union
    select o._source, o.customer_id
    from raw.orders as o join staging.touched_orders as t on t.source = o._source and t.order_id = o.order_id
    union
    select r._source, r.customer_id
    from raw.survey_responses as r
    join staging.touched_answers as t on t.source = r._source and t.answer_id = r.response_id
), keys as (
    select distinct i.customer_key from vault.identities as i join accounts using (source, customer_id)
)
select customer_key from persons
union
select customer_key from keys
union
select vault.person_of(customer_key, %(day)s) from keys
union
select o.customer_key
from intermediate.int_orders__priced as o join staging.touched_orders using (source, order_id)
where o.customer_key is not null
union
select c.customer_key
from staging.stg_identities as c join staging.touched_accounts using (source, customer_id)
where c.customer_key is not null
union
select a.customer_key
from intermediate.int_answers as a join staging.touched_answers using (source, answer_id)
where a.customer_key is not null
union
-- An order that leaves the RFM window.
select o.customer_key
from intermediate.int_orders__priced as o
join staging.rfm_settings as s on s.setting = 'window_months'
where o.order_day > (%(built)s::date - s.value * interval '1 month')::date
    and o.order_day <= (%(day)s::date - s.value * interval '1 month')::date and o.customer_key is not null;
analyze staging.touched_customers;

-- All orders of these people, also those that are new to them.
insert into staging.touched_customer_orders
select source, order_id from staging.touched_orders
union
select o.source, o.order_id
from intermediate.int_orders__priced as o join staging.touched_customers using (customer_key);
analyze staging.touched_customer_orders;

insert into staging.touched_new_days
select d::date from generate_series(%(built)s::date + 1, %(day)s::date, interval '1 day') as d;
analyze staging.touched_new_days;

insert into staging.touched_days
select day from staging.touched_new_days
union
select day from staging.taken_changes where day is not null
union
select (m at time zone %(zone)s)::date
from staging.taken_changes cross join lateral unnest(moments) as m (m)
union
select v.day
from raw.orders as o
join recorded as t on t.source = o._source and t.order_id = o.order_id
cross join lateral (values
    (o._business_date),
    ((o.ordered_at at time zone %(zone)s)::date),
    ((o.delivered_at at time zone %(zone)s)::date),
    ((o.promised_at at time zone %(zone)s)::date)
) as v (day)
where v.day is not null
union
select l._business_date from raw.order_lines as l join recorded as t on t.source = l._source and t.order_id = l.order_id
union
select v.day
from raw.refunds as r
join staging.touched_refunds as t on t.source = r._source and t.refund_id = r.refund_id
cross join lateral (values (r._business_date), ((r.refunded_at at time zone %(zone)s)::date)) as v (day)
union
select r.refund_day from staging.stg_refunds as r join recorded using (source, order_id)
union
select r.refund_day from staging.stg_refunds as r join staging.touched_refunds using (source, refund_id)
union
select o.order_day from intermediate.int_orders__priced as o join recorded using (source, order_id)
union
select coalesce(d.delivered_day, d.promised_day)
from intermediate.int_deliveries as d
join (select source, order_id from recorded union select source, order_id from reviewed) as t using (source, order_id)
where coalesce(d.delivered_day, d.promised_day) is not null
union
select v.day
from raw.reviews as r
join reviewed as t on t.source = r._source and t.answer_id = r.review_id
cross join lateral (values (r._business_date), ((r.created_at at time zone %(zone)s)::date)) as v (day)
union
select v.day
from raw.survey_responses as r
join answered as t on t.source = r._source and t.answer_id = r.response_id
cross join lateral (values (r._business_date), ((r.answered_at at time zone %(zone)s)::date)) as v (day)
union
select a.answer_day
from intermediate.int_answers as a
join (select source, answer_id from reviewed union select source, answer_id from answered) as t
    using (source, answer_id);
analyze staging.touched_days;

-- Days of what the orders brought: beside the days above those of orders with another rate or category.
insert into staging.touched_sale_days
select day from staging.touched_days
union
select o.order_day
from intermediate.int_orders__priced as o join staging.touched_orders using (source, order_id)
union
select (o.ordered_at at time zone %(zone)s)::date
from raw.orders as o join staging.touched_orders as t on t.source = o._source and t.order_id = o.order_id;
analyze staging.touched_sale_days;

-- All that stands on the touched days, every version of it: the books of a day are added up as a whole.
insert into staging.touched_book_refunds
select distinct r._source, r.refund_id
from staging.touched_days as d
cross join lateral (
    select _source, refund_id from raw.refunds
    where refunded_at >= d.day::timestamp at time zone %(zone)s
        and refunded_at < (d.day + 1)::timestamp at time zone %(zone)s
) as r;
insert into staging.touched_book_answers
select r._source, r.review_id
from staging.touched_days as d
cross join lateral (
    select _source, review_id from raw.reviews
    where created_at >= d.day::timestamp at time zone %(zone)s
        and created_at < (d.day + 1)::timestamp at time zone %(zone)s
) as r
union
select r._source, r.response_id
from staging.touched_days as d
cross join lateral (
    select _source, response_id from raw.survey_responses
    where answered_at >= d.day::timestamp at time zone %(zone)s
        and answered_at < (d.day + 1)::timestamp at time zone %(zone)s
) as r;
insert into staging.touched_books
select source, order_id from recorded
union
select o._source, o.order_id
from staging.touched_days as d
cross join lateral (
    select _source, order_id from raw.orders
    where ordered_at >= d.day::timestamp at time zone %(zone)s
        and ordered_at < (d.day + 1)::timestamp at time zone %(zone)s
) as o
union
select r._source, r.order_id
from raw.refunds as r join staging.touched_book_refunds as t on t.source = r._source and t.refund_id = r.refund_id
union
-- Lines that came before their order have the day on which they came.
select l._source, l.order_id
from (
    select distinct day from intermediate.int_reconciliation__sales join staging.touched_days using (day)
    where reason = 'unknown_order'
) as d
cross join lateral (select _source, order_id from raw.order_lines as l where l._business_date = d.day) as l
where not exists (
    select from raw.orders as o
    where o._source = l._source and o.order_id = l.order_id and o._business_date <= %(day)s
);
analyze staging.touched_books;
analyze staging.touched_book_refunds;
analyze staging.touched_book_answers;

-- Orders of which it may have turned who answered about them, or what is known of them.
insert into staging.touched_judged_orders
select source, order_id from staging.touched_orders
union
select a.source, a.order_id
from intermediate.int_answers as a join staging.touched_answers using (source, answer_id)
where a.order_id is not null
union
select r._source, r.order_id
from raw.survey_responses as r
join staging.touched_answers as t on t.source = r._source and t.answer_id = r.response_id
where r.order_id is not null;

-- The first of a customer's orders that stay as they are may be his first at all, or cease to be: where one that is
-- touched came before it, or does now.
insert into staging.touched_judged_orders
with moved as (
    select o.customer_key, o.order_day
    from intermediate.int_orders__priced as o join staging.touched_orders using (source, order_id)
    union
    select v.customer_key, (o.ordered_at at time zone %(zone)s)::date
    from raw.orders as o
    join staging.touched_orders as t on t.source = o._source and t.order_id = o.order_id
    join vault.identities as i on i.source = o._source and i.customer_id = o.customer_id
    cross join lateral (values (i.customer_key), (vault.person_of(i.customer_key, %(day)s))) as v (customer_key)
), earliest as (
    select customer_key, min(order_day) as order_day from moved where customer_key is not null group by customer_key
), staying as (
    select
        o.source, o.order_id, o.order_day > e.order_day as follows,
        rank() over (partition by o.customer_key order by o.order_day) as place
    from earliest as e
    join intermediate.int_orders__priced as o using (customer_key)
    where not exists (
        select from staging.touched_orders as t where t.source = o.source and t.order_id = o.order_id
    )
)
select source, order_id from staying where place = 1 and follows
on conflict do nothing;
analyze staging.touched_judged_orders;

-- The weeks in which they were settled, or are now: by any version of the order, as the newest is among them.
insert into staging.touched_settled_weeks
select s.settled_week
from intermediate.int_response__strata as s join staging.touched_judged_orders using (source, order_id)
where s.settled_week is not null
union
select date_trunc('week', v.day + s.value::int)::date
from raw.orders as o
join staging.touched_judged_orders as t on t.source = o._source and t.order_id = o.order_id
join staging.satisfaction_settings as s on s.setting = 'answer_days'
cross join lateral (values
    ((o.delivered_at at time zone %(zone)s)::date),
    ((o.promised_at at time zone %(zone)s)::date)
) as v (day)
where v.day is not null;
analyze staging.touched_settled_weeks;

-- Days of answers. What they make touched beside them is known once their weights are.
insert into staging.touched_answer_days
select day from staging.touched_new_days
union
select a.answer_day
from intermediate.int_answers as a join staging.touched_answers using (source, answer_id)
union
select a.answer_day
from intermediate.int_answers as a join staging.touched_judged_orders using (source, order_id)
union
select (r.created_at at time zone %(zone)s)::date
from raw.reviews as r join staging.touched_answers as t on t.source = r._source and t.answer_id = r.review_id
where r.created_at is not null
union
select (r.answered_at at time zone %(zone)s)::date
from raw.survey_responses as r
join staging.touched_answers as t on t.source = r._source and t.answer_id = r.response_id
where r.answered_at is not null;

insert into staging.touched_review_weeks
select distinct date_trunc('week', answer_day)::date from staging.touched_answer_days;
analyze staging.touched_review_weeks;

-- An order that leaves the window is no basket any more.
insert into staging.touched_basket_orders
select source, order_id from staging.touched_orders
union
select o.source, o.order_id
from intermediate.int_orders__priced as o
join staging.basket_rules as s on s.setting = 'window_days'
where o.order_day > %(built)s::date - s.value::int and o.order_day <= %(day)s::date - s.value::int;
analyze staging.touched_basket_orders;

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
create temp table ticketed on commit drop as
with steps as (
    select source, key[1] as event_id from staging.taken_changes where feed = 'ticket_events' and key is not null
)
select _source as source, ticket_id from {tickets} as r
union
select source, key[1] from staging.taken_changes where feed = 'tickets' and key is not null
union
select _source, ticket_id from raw.tickets
where opened_at >= %(first)s and opened_at < %(after)s and _business_date <= %(built)s
union
select _source, ticket_id from {ticket_events} as r
union
select e._source, e.ticket_id
from raw.ticket_events as e join steps as s on s.source = e._source and s.event_id = e.event_id
union
select e.source, e.ticket_id from intermediate.int_tickets__timed as e join steps using (source, event_id)
union
select _source, ticket_id from raw.ticket_events
where occurred_at >= %(first)s and occurred_at < %(after)s and _business_date <= %(built)s;
analyze ticketed;

-- Whoever has an order with another complaint, or one that is settled, or was watched long enough by now.
insert into staging.touched_watched_customers
with cases as (
    select source, order_id from staging.touched_judged_orders
    union
    select r._source, r.order_id
    from raw.tickets as r join ticketed as t on t.source = r._source and t.ticket_id = r.ticket_id
    union
    select c.source, c.order_id
    from intermediate.int_feedback__cases as c
    join ticketed as t on t.source = c.source and t.ticket_id = c.case_id and c.origin = 'ticket'
    union
    select _source, order_id from raw.reviews
    where answered_at >= %(first)s and answered_at < %(after)s and _business_date <= %(built)s
), watched as (
    select sum(value)::int as days from staging.feedback_rules where setting in ('resolve_days', 'repurchase_days')
), complained as (
    select c.source, c.order_id
    from intermediate.int_feedback__cases as c
    cross join watched as w
    where c.opened_day > %(built)s::date - w.days and c.opened_day <= %(day)s::date - w.days
)
select customer_key from staging.touched_customers
union
select o.customer_key
from intermediate.int_orders__priced as o
join (select source, order_id from cases union select source, order_id from complained) as c using (source, order_id)
where o.customer_key is not null
union
select o.customer_key
from intermediate.int_orders__priced as o
cross join watched as w
where o.delivered_day > %(built)s::date - w.days and o.delivered_day <= %(day)s::date - w.days
    and o.customer_key is not null;
analyze staging.touched_watched_customers;

-- Days on which a sale, its promise, its delivery, a word about it, a return of it or a ticket counts.
insert into staging.touched_fact_days
with asked_back as (
    select s.source, s.order_id, s.requested_day
    from staging.stg_returns as s join staging.touched_returns using (source, return_id, line_no)
    union
    select r._source, r.order_id, (r.requested_at at time zone %(zone)s)::date
    from raw.returns as r
    join staging.touched_returns as t
        on t.source = r._source and t.return_id = r.return_id and t.line_no = r.line_no
), followed as (
    select source, order_id from staging.touched_shipped_orders
    union
    select source, order_id from asked_back
)
select day from staging.touched_sale_days
union
select answer_day from staging.touched_answer_days
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

-- A tier is that of tonight, on all days.
insert into staging.touched_opinions
select distinct day, breakdown from intermediate.int_satisfaction__daily where breakdown = 'tier';
