-- Customers whose cluster may be another one.
create unlogged table staging.touched_clustered_customers (customer_key text primary key);
