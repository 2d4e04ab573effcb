-- noqa: disable=AL05,AM05,LT08,LT11,PRS,RF03,ST05,ST07
-- Which keys a build must work out anew after the last one: all that may differ, and little more. `day` is the date to
-- build, `built` the date that was built. A feed in braces stands for the rows of that feed that the last build has not
-- seen; `first` and `after` the moments between which a row that was known ahead of its time comes of age. The sets of
-- touched keys are empty.
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

-- Orders of which more than what was said turned.
create temp table sold on commit drop as
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
analyze sold;

insert into staging.touched_orders
select source, order_id from sold union select source, order_id from reviewed;
analyze staging.touched_orders;

-- The newest Sundays that had closed at the last build, and have now.
create temp table sundays on commit drop as
select
    date_trunc('week', %(built)s::date + 1)::date - 1 as built,
    date_trunc('week', %(day)s::date + 1)::date - 1 as day;

-- Baskets are those of a window up to the last Sunday: as a week closes, orders come into it and leave it.
insert into staging.touched_basket_orders
select source, order_id from staging.touched_orders
union
select o.source, o.order_id
from intermediate.int_orders__priced as o
join staging.basket_rules as s on s.setting = 'window_days'
cross join sundays as sunday
cross join lateral (values
    (sunday.built, sunday.day),
    (sunday.built - s.value::int, sunday.day - s.value::int)
) as passed (built, day)
where o.order_day > passed.built and o.order_day <= passed.day;
analyze staging.touched_basket_orders;

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
insert into staging.touched_buyers
with keys as (
    select i.customer_key from vault.identities as i join staging.touched_accounts using (source, customer_id)
    union
    select i.customer_key
    from raw.orders as o
    join sold as t on t.source = o._source and t.order_id = o.order_id
    join vault.identities as i on i.source = o._source and i.customer_id = o.customer_id
)
select customer_key from persons
union
select customer_key from keys
union
select vault.person_of(customer_key, %(day)s) from keys
union
select o.customer_key
from intermediate.int_orders__priced as o join sold using (source, order_id)
where o.customer_key is not null
union
select c.customer_key
from staging.stg_identities as c join staging.touched_accounts using (source, customer_id)
where c.customer_key is not null;
analyze staging.touched_buyers;

-- With them who said something, or has an order that leaves the RFM window.
insert into staging.touched_customers
with keys as (
    select i.customer_key
    from raw.orders as o
    join reviewed as t on t.source = o._source and t.order_id = o.order_id
    join vault.identities as i on i.source = o._source and i.customer_id = o.customer_id
    union
    select i.customer_key
    from raw.survey_responses as r
    join staging.touched_answers as t on t.source = r._source and t.answer_id = r.response_id
    join vault.identities as i on i.source = r._source and i.customer_id = r.customer_id
)
select customer_key from staging.touched_buyers
union
select customer_key from keys
union
select vault.person_of(customer_key, %(day)s) from keys
union
select o.customer_key
from intermediate.int_orders__priced as o join staging.touched_orders using (source, order_id)
where o.customer_key is not null
union
select a.customer_key
from intermediate.int_answers as a join staging.touched_answers using (source, answer_id)
where a.customer_key is not null
union
select o.customer_key
from intermediate.int_orders__priced as o
join staging.rfm_settings as s on s.setting = 'window_months'
where o.order_day > (%(built)s::date - s.value * interval '1 month')::date
    and o.order_day <= (%(day)s::date - s.value * interval '1 month')::date and o.customer_key is not null;
analyze staging.touched_customers;

-- As a week closes, who has an order in it, or one that leaves the window of Sundays.
insert into staging.touched_sunday_customers
select customer_key from staging.touched_customers
union
select o.customer_key
from intermediate.int_orders__priced as o
join staging.rfm_settings as s on s.setting = 'window_months'
cross join sundays as sunday
cross join lateral (values
    (sunday.built, sunday.day),
    ((sunday.built - s.value * interval '1 month')::date, (sunday.day - s.value * interval '1 month')::date)
) as passed (built, day)
where o.order_day > passed.built and o.order_day <= passed.day and o.customer_key is not null;
analyze staging.touched_sunday_customers;
