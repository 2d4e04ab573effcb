-- Parcels, goods that came back, the orders that a parcel is of, baskets, customers who are watched after a complaint,
-- and the days and weeks on which any of it counts.
create unlogged table staging.touched_parcels (source text, delivery_id text, primary key (source, delivery_id));
create unlogged table staging.touched_returns (
    source text, return_id text, line_no bigint, primary key (source, return_id, line_no)
);
create unlogged table staging.touched_shipped_orders (source text, order_id text, primary key (source, order_id));
create unlogged table staging.touched_basket_orders (source text, order_id text, primary key (source, order_id));
create unlogged table staging.touched_watched_customers (customer_key text primary key);
create unlogged table staging.touched_fact_days (day date primary key);
create unlogged table staging.touched_fact_weeks (week date primary key);
