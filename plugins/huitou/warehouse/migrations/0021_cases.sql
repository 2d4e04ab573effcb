-- Requests for an answer, steps of the desk and their tickets, what low answers complain of, cases of feedback, and orders
-- whose goods are spoken against with the months in which they were placed.
create unlogged table staging.touched_requests (source text, request_id text, primary key (source, request_id));
create unlogged table staging.touched_ticket_steps (source text, event_id text, primary key (source, event_id));
create unlogged table staging.touched_tickets (source text, ticket_id text, primary key (source, ticket_id));
create unlogged table staging.touched_voiced_answers (source text, answer_id text, primary key (source, answer_id));
create unlogged table staging.touched_cases (source text, case_id text, primary key (source, case_id));
create unlogged table staging.touched_goods_orders (source text, order_id text, primary key (source, order_id));
create unlogged table staging.touched_goods_months (month date primary key);
