with raised as (
    select * from {{ ref("int_alerts__raised") }}
),

tested as (
    select * from {{ ref("int_alerts__tested") }}
),

rules as (
    select * from {{ ref("alert_signals") }}
),

-- What each part adds to the deviation of the whole.
parts as (
    select
        raised.signal,
        raised.part,
        raised.part_name,
        raised.day,
        tested.part as cause_part,
        tested.part_name as cause_name,
        (tested.actual - tested.expected) / (wholes.actual - wholes.expected) as cause_share,
        row_number() over (
            partition by raised.signal, raised.part, raised.part_name, raised.day
            order by (tested.actual - tested.expected) * sign(raised.z) desc, tested.part_name
        ) as place
    from raised
    inner join tested
        on raised.signal = tested.signal and raised.day = tested.day
    inner join tested as wholes
        on
            raised.signal = wholes.signal
            and raised.day = wholes.day
            and wholes.part = 'all'
            and wholes.actual <> wholes.expected
    where
        tested.part not in ('all', 'feed')
        and (raised.part = 'all' or raised.part_name = tested.part_name)
        and (tested.actual - tested.expected) * raised.z > 0
),

-- Days in a row share their distance to their number.
numbered as (
    select
        *,
        {{ days_before(
            "day", "row_number() over (partition by signal, part, part_name order by day)"
        ) }} as run
    from raised
)

select
    numbered.day,
    numbered.signal,
    numbered.part,
    numbered.part_name,
    rules.signal_zh,
    case when numbered.z > 0 then 'up' else 'down' end as direction,
    cast(numbered.actual as numeric(18, 2)) as actual,
    cast(numbered.expected as numeric(18, 2)) as expected,
    -- Rounded inwards, so that what is out of its range stays out of it.
    {{ hundredths("ceil", "numbered.expected_low") }} as expected_low,
    {{ hundredths("floor", "numbered.expected_high") }} as expected_high,
    cast(numbered.base as numeric(18, 2)) as base,
    cast(numbered.z as numeric(10, 2)) as z,
    case when numbered.part = 'feed' then numbered.part else parts.cause_part end as cause_part,
    case when numbered.part = 'feed' then numbered.part_name else parts.cause_name end as cause_name,
    cast(parts.cause_share as numeric(10, 4)) as cause_share,
    min(numbered.day) over (
        partition by numbered.signal, numbered.part, numbered.part_name, numbered.run
    ) as since,
    numbered.day = {{ business_date() }} as is_tonight
from numbered
inner join rules
    on numbered.signal = rules.signal
left join parts
    on
        numbered.signal = parts.signal
        and numbered.part = parts.part
        and numbered.part_name = parts.part_name
        and numbered.day = parts.day
        and parts.place = 1
