-- Customers who are offered something else, and what turned of that which offers are made from: kept until a build is done.
create unlogged table staging.touched_offered_customers (customer_key text primary key);
create unlogged table staging.touched_offers (
    reason text, source text, made_from text, primary key (reason, source, made_from)
);
