with fits as (
    select * from {{ source("ops", "value_fits") }}
)

select
    model,
    as_of,
    outcome,
    reason,
    customers,
    {% for name in ["r", "alpha", "a", "b", "p", "q", "gamma"] -%}
        {{ json_number("parameters", name) }} as {{ name }},
    {% endfor -%}
    log_likelihood,
    cast({{ json_number("backtest", "days") }} as integer) as holdout_days,
    cast({{ json_number("backtest", "customers") }} as bigint) as holdout_customers,
    {{ json_number("backtest", "score") }} as score,
    {{ json_number("backtest", "score_in_use") }} as score_in_use,
    {{ json_number("backtest", "expected") }} as holdout_expected,
    {{ json_number("backtest", "actual") }} as holdout_actual
from fits
where as_of <= {{ business_date() }}
