with parameters as (
    select
        *,
        cast({{ value_setting("interval_percent") }} as double precision) / 100 as share,
        {{ value_setting("farthest_days") }} as farthest_days
    from {{ ref("base_value__parameters") }}
),

series as (
    select * from {{ ref("int_value__series") }}
),

histories as (
    select distinct
        repeats,
        first_day
    from {{ ref("int_customers__purchases") }}
),

now as (
    select
        histories.repeats,
        histories.first_day,
        parameters.*,
        parameters.alpha
        + {{ days_between("histories.first_day", business_date()) }} / parameters.period_days as alpha_age
    from histories
    cross join parameters
),

-- What does not depend on the term, worked out once.
points as (
    {% for days in value_horizons() -%}
        select
            repeats,
            first_day,
            a,
            {{ days }} as days,
            ln(alpha_age / (alpha_age + {{ days }} / period_days)) as log_left,
            {{ series_w("alpha_age / (alpha_age + " ~ days ~ " / period_days)") }} as w,
            power({{ series_w("alpha_age / (alpha_age + " ~ days ~ " / period_days)") }}, 8) as w_8
        from now
        {{ "union all" if not loop.last }}
    {% endfor %}
),

summed as (
    select
        points.repeats,
        points.first_day,
        points.days,
        {{ expected_while_alive() }} as orders
    from points
    inner join series
        on points.repeats = series.repeats
),

expected as (
    select
        repeats,
        first_day,
        {{ horizons_as_columns() }}
    from summed
    group by repeats, first_day
)

select
    expected.*,
    -- Of being lost against alive; nobody is lost before a second purchase.
    case
        when now.repeats > 0
            then ln(now.a / (now.b + now.repeats - 1)) + (now.r + now.repeats) * ln(now.alpha_age)
    end as log_odds,
    {{ next_order_day(days_to_next_order("(1 - share) / 2")) }} as next_order_from,
    {{ next_order_day(days_to_next_order("0.5")) }} as next_order_date,
    {{ next_order_day(days_to_next_order("(1 + share) / 2")) }} as next_order_to
from now
inner join expected
    on now.repeats = expected.repeats and now.first_day = expected.first_day
