{{ config(materialized="view") }}

with orders as (
    select * from {{ ref("int_alerts__orders") }}
),

goods as (
    select * from {{ ref("int_alerts__goods") }}
),

feeds as (
    select
        feed,
        day,
        cast(sum(rows_seen) as double precision) as rows_seen,
        cast(count(*) as double precision) as files
    from {{ ref("stg_feed_nights") }}
    group by feed, day
)

select
    signal,
    part,
    part_name,
    day,
    x,
    base
from orders
where day >= {{ alerts_from() }}
union all
select
    signal,
    part,
    part_name,
    day,
    x,
    base
from goods
where day >= {{ alerts_from() }}
union all
select {{ fact("volume", "feed", "feed", "day", "rows_seen", 0) }}
from feeds
union all
select {{ fact("freshness", "feed", "feed", "day", "files", 0) }}
from feeds
