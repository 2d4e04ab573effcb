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

-- Classes that have ended since. Whoever has none of them stands where they stood.
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

-- A history never ends, so whoever had a class has one now.
moved as (
    select
        spans.span,
        spans.first_day,
        spans.last_day,
        case
            when history.valid_from <= spans.first_day then history.lifecycle
            else coalesce(before.lifecycle, 'none')
        end as from_lifecycle,
        history.lifecycle as to_lifecycle
    from spans
    cross join history
    left join before
        on spans.span = before.span and history.customer_key = before.customer_key
    where history.valid_to is null
),

counted as (
    select
        span,
        first_day,
        last_day,
        from_lifecycle,
        to_lifecycle,
        count(*) as customers
    from moved
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
