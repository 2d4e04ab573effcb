with quarantined as (
    select * from {{ ref("stg_quarantined_rows") }}
),

unconverted as (
    select * from {{ ref("int_orders__unconverted") }}
),

ages as (
    select * from {{ ref("quarantine_ages") }}
),

cases as (
    select
        source,
        feed,
        reason,
        state,
        seen_on,
        closed_on
    from quarantined
    union all
    select
        source,
        'orders' as feed,
        'no_rate:' || currency as reason,
        case when closed_on is null then 'open' else 'released' end as state,
        seen_on,
        closed_on
    from unconverted
),

aged as (
    select
        *,
        -- Of an open case its age, of a closed one how long it was open.
        {{ days_between("seen_on", "coalesce(closed_on, " ~ business_date() ~ ")") }} as days
    from cases
)

select
    aged.source,
    aged.feed,
    aged.reason,
    aged.state,
    ages.age_class,
    cast(count(*) as integer) as cases,
    min(aged.seen_on) as first_seen,
    max(aged.seen_on) as last_seen,
    max(aged.closed_on) as last_closed
from aged
inner join ages
    on aged.days >= ages.min_days and (aged.days <= ages.max_days or ages.max_days is null)
group by aged.source, aged.feed, aged.reason, aged.state, ages.age_class
