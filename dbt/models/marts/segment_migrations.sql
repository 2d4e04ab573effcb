with spans as (
    select
        span,
        {{ span_before(business_date(), "months", "days") }} as first_day,
        {{ business_date() }} as last_day
    from {{ ref("migration_spans") }}
),

history as {{ inlined() }} (
    select * from {{ ref("customer_segment_history") }}
),

-- A history never ends, so whoever had a class has one now.
now as {{ inlined() }} (
    select
        spans.span,
        spans.first_day,
        spans.last_day,
        history.customer_key,
        history.lifecycle,
        history.valid_from
    from spans
    cross join history
    where history.valid_to is null
),

-- Classes that have ended since. Whoever has none of them stands where they stood, or was not known.
before as (
    select
        spans.span,
        history.customer_key,
        history.lifecycle
    from spans
    inner join history
        on
            spans.first_day >= history.valid_from
            and spans.first_day < history.valid_to
),

-- Most stand where they stood: they are counted as they are, and nobody looks up what they were.
parts as (
    select
        span,
        first_day,
        last_day,
        lifecycle as from_lifecycle,
        lifecycle as to_lifecycle,
        count(*) as customers
    from now
    where valid_from <= first_day
    group by span, first_day, last_day, lifecycle
    union all
    select
        now.span,
        now.first_day,
        now.last_day,
        coalesce(before.lifecycle, 'none') as from_lifecycle,
        now.lifecycle as to_lifecycle,
        count(*) as customers
    from now
    left join before
        on now.span = before.span and now.customer_key = before.customer_key
    where now.valid_from > now.first_day
    group by now.span, now.first_day, now.last_day, coalesce(before.lifecycle, 'none'), now.lifecycle
),

counted as (
    select
        span,
        first_day,
        last_day,
        from_lifecycle,
        to_lifecycle,
        sum(customers) as customers
    from parts
    group by span, first_day, last_day, from_lifecycle, to_lifecycle
)

select
    span,
    from_lifecycle,
    to_lifecycle,
    first_day,
    last_day,
    cast(customers as integer) as customers,
    cast(customers / sum(customers) over (partition by span, from_lifecycle) as numeric(10, 4)) as share
from counted
