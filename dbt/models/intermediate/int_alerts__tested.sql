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
        / expectations.baseline_error as distance,
        {{ stretch("expectations.day") }} as stretch
    from expectations
    inner join rules
        on expectations.signal = rules.signal
    where expectations.expected is not null
),

-- A baseline lies in two stretches as long as it is: joined by those, few days are looked at in vain.
reached as (
    select
        distances.*,
        {{ stretch("distances.baseline_to") }} - back.stretches as stretch_before
    from distances
    cross join (values (0), (1)) as back (stretches)
    where not distances.is_halo
    {{ worked_out_once() }}
),

-- How far what was expected used to be missed; the tested days are not among them.
misses as (
    select
        reached.signal,
        reached.part,
        reached.part_name,
        reached.day,
        count(*) as days,
        {{ setting("alert_rules", "mad_to_sd") }} * {{ median("abs(earlier.distance)") }} as spread
    from reached
    inner join distances as earlier
        on
            reached.signal = earlier.signal
            and reached.part = earlier.part
            and reached.part_name = earlier.part_name
            and reached.stretch_before = earlier.stretch
            and reached.baseline_to >= earlier.day
            and reached.baseline_after < earlier.day
    where not earlier.is_halo
    group by reached.signal, reached.part, reached.part_name, reached.day
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
