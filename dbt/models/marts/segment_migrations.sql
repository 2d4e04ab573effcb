with spans as (
    select
        span,
        {{ span_before(business_date(), "months", "days") }} as first_day,
        {{ business_date() }} as last_day
    from {{ ref("migration_spans") }}
),

-- Who has a class now, as a history never ends, and classes that have ended within the longest span.
history as (
    select * from {{ ref("customer_segment_history") }}
    where valid_to is null or valid_to > (select min(spans.first_day) from spans)
),

-- Most stand where they stood: so many in each class since each day.
standing as (
    select
        lifecycle,
        valid_from,
        count(*) as customers
    from history
    where valid_to is null
    group by lifecycle, valid_from
),

-- Who turned since has no row of that day, where they were not known.
turned as (
    select
        spans.span,
        now.customer_key,
        now.lifecycle
    from spans
    inner join history as now
        on spans.first_day < now.valid_from
    where now.valid_to is null
),

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

parts as (
    select
        spans.span,
        standing.lifecycle as from_lifecycle,
        standing.lifecycle as to_lifecycle,
        sum(standing.customers) as customers
    from spans
    inner join standing
        on spans.first_day >= standing.valid_from
    group by spans.span, standing.lifecycle
    union all
    select
        turned.span,
        coalesce(before.lifecycle, 'none') as from_lifecycle,
        turned.lifecycle as to_lifecycle,
        count(*) as customers
    from turned
    left join before
        on turned.span = before.span and turned.customer_key = before.customer_key
    group by turned.span, coalesce(before.lifecycle, 'none'), turned.lifecycle
),

counted as (
    select
        span,
        from_lifecycle,
        to_lifecycle,
        sum(customers) as customers
    from parts
    group by span, from_lifecycle, to_lifecycle
)

select
    counted.span,
    counted.from_lifecycle,
    counted.to_lifecycle,
    spans.first_day,
    spans.last_day,
    cast(counted.customers as integer) as customers,
    cast(
        counted.customers / sum(counted.customers) over (partition by counted.span, counted.from_lifecycle)
        as numeric(10, 4)
    ) as share
from counted
inner join spans
    on counted.span = spans.span
