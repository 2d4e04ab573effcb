-- The days that the last build had not reached, and the weeks of touched reviews.
create unlogged table staging.touched_new_days (day date primary key);
create unlogged table staging.touched_review_weeks (first_day date primary key);
