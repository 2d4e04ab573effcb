-- noqa: disable=AL05,AM05,LT08,LT11,PRS,RF03,ST05,ST07
-- The days on which they stand, and what stands on these days.
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
select d.day
from intermediate.int_deliveries as d
join (select source, order_id from recorded union select source, order_id from reviewed) as t using (source, order_id)
where d.day is not null
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

-- Their months, and those of the weeks that they lie in: what ends a week decides of the days before it.
insert into staging.touched_sale_months
select date_trunc('month', day)::date from staging.touched_sale_days
union
select date_trunc('month', date_trunc('week', day))::date from staging.touched_sale_days;
analyze staging.touched_sale_months;

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
