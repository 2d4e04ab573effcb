-- These stand in `candidate` since, and are published.
drop view if exists intermediate.int_customers__predicted;
drop table if exists
    intermediate.int_customers__flagged,
    intermediate.int_customers__satisfaction,
    intermediate.int_rfm__thresholds,
    intermediate.int_value__expected,
    intermediate.int_value__parameters,
    intermediate.int_value__tiers;
