-- noqa: disable=AL05,AM05,LT08,LT11,PRS,RF03,ST05,ST07
-- What was said about orders, and the weeks and days of it.
insert into staging.touched_requests
select _source, request_id from {survey_requests} as r
union
select source, key[1] from staging.taken_changes where feed = 'survey_requests' and key is not null
union
select _source, request_id from raw.survey_requests
where asked_at >= %(first)s and asked_at < %(after)s and _business_date <= %(built)s
union
select source, request_id from staging.stg_survey_requests join staging.touched_accounts using (source, customer_id);
analyze staging.touched_requests;

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

-- Figures of the week and month that go on tell how far they go. Whichever other days turn is noted once answers, their
-- orders and their weights are worked out.
insert into staging.touched_answer_days select day from staging.touched_new_days;

-- The days that may turn.
create temp table days_of_answers on commit drop as
select day as answer_day from staging.touched_new_days
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
select distinct date_trunc('week', answer_day)::date from days_of_answers;
analyze staging.touched_review_weeks;
