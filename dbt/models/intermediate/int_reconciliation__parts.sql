with landed as (
    select * from {{ ref("stg_landed_figures") }}
),

held as (
    select * from {{ ref("stg_raw_figures") }}
),

sales as (
    select * from {{ ref("int_reconciliation__sales") }}
),

answers as (
    select * from {{ ref("int_reconciliation__answers") }}
),

sales_daily as (
    select * from {{ ref("sales_daily") }}
),

satisfaction_daily as (
    select * from {{ ref("satisfaction_daily") }}
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
