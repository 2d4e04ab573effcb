with fits as (
    select
        *,
        row_number() over (partition by model order by as_of desc) = 1 as is_newest
    from {{ ref("stg_value_fits") }}
    where outcome = 'accepted'
)

select
    {{ business_date() }} as business_date,
    max(as_of) filter (where model = 'bg_nbd') as orders_fitted_on,
    max(as_of) filter (where model = 'gamma_gamma') as worth_fitted_on,
    cast(7 as double precision) as period_days,
    {% for name in ["r", "alpha", "a", "b", "p", "q", "gamma"] -%}
        max({{ name }}) as {{ name }},
    {% endfor -%}
    -- What the series of every repeat count has in common.
    max(a + b - 1 - r) as series_a,
    max(a - 1) as series_b
from fits
where is_newest
