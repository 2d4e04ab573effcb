-- What follows from touched answers. The weights that turned are noted while a build runs and stay until it is done: an
-- attempt after one that broke off no longer sees the old ones.
create unlogged table staging.touched_judged_orders (source text, order_id text, primary key (source, order_id));
create unlogged table staging.touched_settled_weeks (settled_week date primary key);
create unlogged table staging.touched_answer_days (answer_day date primary key);
create unlogged table staging.touched_weights (week date primary key);
create unlogged table staging.touched_opinions (day date, breakdown text, primary key (day, breakdown));
create unlogged table staging.touched_opinion_periods (
    period text, first_day date, breakdown text, primary key (period, first_day, breakdown)
);
create unlogged table staging.touched_opinion_weeks (first_day date, breakdown text, primary key (first_day, breakdown));
create unlogged table staging.touched_opinion_months (first_day date, breakdown text, primary key (first_day, breakdown));
