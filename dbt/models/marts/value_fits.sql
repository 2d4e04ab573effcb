with fits as (
    select * from {{ ref("stg_value_fits") }}
),

parameters as (
    select * from {{ ref("base_value__parameters") }}
)

select
    fits.model,
    fits.as_of,
    fits.outcome,
    fits.reason,
    case fits.model
        when 'bg_nbd' then fits.as_of = parameters.orders_fitted_on
        else fits.as_of = parameters.worth_fitted_on
    end is true as is_in_use,
    fits.customers,
    fits.r,
    fits.alpha,
    fits.a,
    fits.b,
    fits.p,
    fits.q,
    fits.gamma,
    fits.log_likelihood,
    fits.holdout_days,
    fits.holdout_customers,
    fits.score,
    fits.score_in_use,
    fits.holdout_expected,
    fits.holdout_actual
from fits
cross join parameters
