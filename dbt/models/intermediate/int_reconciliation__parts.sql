{{ touched_model("days", indexes=[["day"]]) }}

with landed as (
    {{ touched_rows(ref("stg_landed_figures"), "days") }}
),

held as (
    {{ touched_rows(ref("stg_raw_figures"), "days") }}
),

sales as (
    {{ touched_rows(ref("int_reconciliation__sales"), "days") }}
),

answers as (
    {{ touched_rows(ref("int_reconciliation__answers"), "days") }}
),

sales_daily as (
    {{ touched_rows(ref("sales_daily"), "days") }}
),

satisfaction_daily as (
    {{ touched_rows(ref("satisfaction_daily"), "days", condition="breakdown = 'all' and n > 0") }}
),

to_raw as (
    {{ raw_parts() }}
),

to_marts as (
    {{ sales_parts() }}
    union all
    {{ answer_parts() }}
),

legs as (
    select
        *,
        'source to raw' as leg
    from to_raw
    union all
    select
        *,
        'raw to marts' as leg
    from to_marts
)

select
    leg,
    feed,
    day,
    currency,
    measure,
    part,
    cast(sum(value) as numeric(18, 4)) as value
from legs
group by leg, feed, day, currency, measure, part
having sum(value) <> 0
