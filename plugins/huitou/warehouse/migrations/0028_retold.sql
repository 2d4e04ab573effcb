-- Orders of which something turned that answers about them are told apart by: channel, contents, or what is known of them
-- where weights are made.
create unlogged table staging.touched_retold_orders (source text, order_id text, primary key (source, order_id));
