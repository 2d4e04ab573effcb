-- Customers of whom a closed week tells something else, the days on which somebody answered whose tier turned, and
-- products of another name or category.
create unlogged table staging.touched_sunday_customers (customer_key text primary key);
create unlogged table staging.touched_tier_days (day date primary key);
create unlogged table staging.touched_named_products (source text, product_id text, primary key (source, product_id));
