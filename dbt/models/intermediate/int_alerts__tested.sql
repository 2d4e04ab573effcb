with levels as (
    select * from {{ ref("int_alerts__levels") }}
),

rates as (
    select * from {{ ref("int_alerts__rates") }}
),

rules as (
    select * from {{ ref("alert_signals") }}
),

expectations as (
    select * from levels
    union all
    select * from rates
),

distances as (
    select
        expectations.*,
        rules.dispersion_floor,
        {{ days_before("expectations.day", "rules.tested_days") }} as baseline_to,
        {{ days_before(
            "expectations.day", "rules.tested_days + " ~ setting("alert_rules", "baseline_days")
        ) }} as baseline_after,
        ({{ root("expectations.actual") }} - {{ root("expectations.expected") }})
        / expectations.baseline_error as distance
    from expectations
    inner join rules
        on expectations.signal = rules.signal
    where expectations.expected is not null
),

-- How far what was expected used to be missed; the tested days are not among them.
misses as (
    select
        distances.signal,
        distances.part,
        distances.part_name,
        distances.day,
        count(*) as days,
        {{ setting("alert_rules", "mad_to_sd") }} * {{ median("abs(earlier.distance)") }} as spread
    from distances
    inner join distances as earlier
        on
            distances.signal = earlier.signal
            and distances.part = earlier.part
            and distances.part_name = earlier.part_name
            and distances.baseline_to >= earlier.day
            and distances.baseline_after < earlier.day
    where not earlier.is_halo and not distances.is_halo
    group by distances.signal, distances.part, distances.part_name, distances.day
),

spreads as (
    select
        distances.*,
        sqrt(
            power(distances.baseline_error * greatest(misses.spread, distances.dispersion_floor), 2)
            + power({{ setting("alert_rules", "promotion_spread") }}, 2)
            * distances.expected * cast(distances.is_promotion as integer)
        ) as spread
    from distances
    inner join misses
        on
            distances.signal = misses.signal
            and distances.part = misses.part
            and distances.part_name = misses.part_name
            and distances.day = misses.day
    where misses.days >= {{ setting("alert_rules", "min_baseline_days") }}
)

select
    signal,
    part,
    part_name,
    day,
    actual,
    base,
    expected,
    spread,
    ({{ root("actual") }} - {{ root("expected") }}) / nullif(spread, 0) as z
from spreads
