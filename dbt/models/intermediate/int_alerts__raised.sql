with tested as (
    select * from {{ ref("int_alerts__tested") }}
),

gaps as (
    select * from {{ ref("int_alerts__gaps") }}
),

rules as (
    select * from {{ ref("alert_signals") }}
),

every as (
    select
        signal,
        part,
        part_name,
        day,
        actual,
        base,
        expected,
        spread,
        z
    from tested
    union all
    select
        signal,
        part,
        part_name,
        day,
        actual,
        cast(null as double precision) as base,
        expected,
        cast(null as double precision) as spread,
        actual - expected as z
    from gaps
),

limited as (
    select
        every.*,
        rules.kind,
        case when every.part = 'all' then rules.z_all else rules.z_part end as z_limit,
        case when rules.direction = 'both' then abs(every.z) else every.z end as height
    from every
    inner join rules
        on every.signal = rules.signal
    where
        every.expected >= rules.min_expected
        and every.day > {{ days_before(business_date(), setting("alert_rules", "history_days")) }}
),

-- A signal speaks once a night: for the whole if that is out, else for its worst part. Each feed speaks
-- for itself.
placed as (
    select
        *,
        row_number() over (
            partition by signal, day, case when part = 'feed' then part_name end
            order by case when part = 'all' then 0 else 1 end, height - z_limit desc, part_name
        ) as place
    from limited
    where height >= z_limit
)

select
    signal,
    part,
    part_name,
    day,
    kind,
    actual,
    base,
    expected,
    z,
    case
        when kind = 'gap' then 0
        when {{ root("expected") }} - z_limit * spread > {{ root("0") }}
            then {{ unroot("(" ~ root("expected") ~ " - z_limit * spread)") }}
        else 0
    end as expected_low,
    case
        when kind = 'gap' then expected
        else {{ unroot("(" ~ root("expected") ~ " + z_limit * spread)") }}
    end as expected_high
from placed
where place = 1
