-- Customers whose orders, lines, payments or accounts turned: fewer than those of whom anything did.
create unlogged table staging.touched_buyers (customer_key text primary key);
drop table staging.touched_customer_orders;
-- Months of which sales turned, and those of which cohorts may count otherwise.
create unlogged table staging.touched_sale_months (month date primary key);
create unlogged table staging.touched_cohort_months (month date primary key);
-- Days on which a customer bought, or no longer did, and the orders that were watched for whether he came back.
create unlogged table staging.touched_order_days (customer_key text, order_day date, primary key (customer_key, order_day));
create unlogged table staging.touched_watched_orders (source text, order_id text, primary key (source, order_id));
drop table staging.touched_watched_customers;
-- Products that are dearer or cheaper than they were, beside others, and whoever bought them.
create unlogged table staging.touched_priced_products (source text, product_id text, primary key (source, product_id));
create unlogged table staging.touched_priced_customers (customer_key text primary key);
-- Weeks and months whose satisfaction is estimated anew: touched, or compared with one that is.
create unlogged table staging.touched_opinion_figures (
    period text, first_day date, breakdown text, primary key (period, first_day, breakdown)
);
