with cases as (
    select
        *,
        -- Of an open case its age, of a closed one how long it was open.
        {{ days_between("seen_on", "coalesce(closed_on, " ~ business_date() ~ ")") }} as days
    from {{ ref("stg_quarantined_rows") }}
),

ages as (
    select * from {{ ref("quarantine_ages") }}
)

select
    cases.source,
    cases.feed,
    cases.reason,
    cases.state,
    ages.age_class,
    cast(count(*) as integer) as cases,
    min(cases.seen_on) as first_seen,
    max(cases.seen_on) as last_seen,
    max(cases.closed_on) as last_closed
from cases
inner join ages
    on cases.days >= ages.min_days and (cases.days <= ages.max_days or ages.max_days is null)
group by cases.source, cases.feed, cases.reason, cases.state, ages.age_class
