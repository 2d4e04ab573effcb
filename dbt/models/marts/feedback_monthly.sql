with cases as {{ inlined() }} (
    select
        *,
        {{ period_start("month", "opened_day") }} as month
    from {{ ref("feedback_cases") }}
),

counted as (
    select
        month,
        class,
        count(*) as cases
    from cases
    group by month, class
),

shown as (
    select
        month,
        class,
        case
            when cases >= {{ setting("feedback_rules", "min_public_cases") }} then class
            else '(few)'
        end as shown_class
    from counted
),

summed as (
    select
        cases.month,
        shown.shown_class as class,
        count(*) < {{ setting("feedback_rules", "min_public_cases") }} as is_withheld,
        cast(count(*) as integer) as cases,
        cast(count(*) filter (where cases.origin = 'review') as integer) as from_reviews,
        cast(count(*) filter (where cases.origin = 'survey') as integer) as from_surveys,
        cast(count(*) filter (where cases.origin = 'ticket') as integer) as from_tickets,
        cast(count(*) filter (where cases.urgency = 'high') as integer) as urgent,
        cast(count(*) filter (where cases.state = 'resolved') as integer) as resolved,
        cast(count(*) filter (where cases.state = 'resolved' and not cases.is_overdue) as integer) as in_time,
        cast(count(*) filter (where cases.is_overdue) as integer) as overdue,
        cast(
            coalesce(sum({{ days_between("cases.opened_day", "cases.resolved_day") }}), 0) as integer
        ) as days_sum
    from cases
    inner join shown
        on cases.month = shown.month and cases.class = shown.class
    group by cases.month, shown.shown_class
)

-- What is too little even together is told of by its row alone.
select
    month,
    class,
    is_withheld,
    case when not is_withheld then cases end as cases,
    case when not is_withheld then from_reviews end as from_reviews,
    case when not is_withheld then from_surveys end as from_surveys,
    case when not is_withheld then from_tickets end as from_tickets,
    case when not is_withheld then urgent end as urgent,
    case when not is_withheld then resolved end as resolved,
    case when not is_withheld then in_time end as in_time,
    case when not is_withheld then overdue end as overdue,
    case when not is_withheld then days_sum end as days_sum
from summed
