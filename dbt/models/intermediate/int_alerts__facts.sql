{{ config(materialized="view") }}

with orders as (
    select * from {{ ref("int_alerts__orders") }}
),

goods as (
    select * from {{ ref("int_alerts__goods") }}
),

feeds as (
    select * from {{ ref("stg_feed_nights") }}
),

facts as (
    select * from orders
    where day >= {{ alerts_from() }}
    union all
    select * from goods
    where day >= {{ alerts_from() }}
    union all
    select {{ fact("volume", "feed", "feed", "day", "rows_seen", 0) }}
    from feeds
    group by part_name, day
    union all
    select {{ fact("freshness", "feed", "feed", "day", 1, 0) }}
    from feeds
    group by part_name, day
)

select
    signal,
    part,
    part_name,
    day,
    x,
    base
from facts
where part <> 'all'
union all
select
    signal,
    'all' as part,
    'all' as part_name,
    day,
    -- Exact, as what is expected must not follow the order of the rows.
    cast(sum(cast(x as numeric)) as double precision) as x,
    cast(sum(cast(base as numeric)) as double precision) as base
from facts
where part <> 'feed'
group by signal, day
