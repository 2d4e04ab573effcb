with cases as (
    select
        *,
        {{ period_start("month", "opened_day") }} as month
    from {{ ref("feedback_cases") }}
),

counted as (
    select
        month,
        class,
        count(*) as cases,
        count(*) filter (where origin = 'review') as from_reviews,
        count(*) filter (where origin = 'survey') as from_surveys,
        count(*) filter (where origin = 'ticket') as from_tickets,
        count(*) filter (where urgency = 'high') as urgent,
        count(*) filter (where state = 'resolved') as resolved,
        count(*) filter (where state = 'resolved' and not is_overdue) as in_time,
        count(*) filter (where is_overdue) as overdue,
        coalesce(sum({{ days_between("opened_day", "resolved_day") }}), 0) as days_sum
    from cases
    group by month, class
),

shown as (
    select
        *,
        case
            when cases >= {{ setting("feedback_rules", "min_public_cases") }} then class
            else '(few)'
        end as shown_class
    from counted
),

summed as (
    select
        month,
        shown_class as class,
        sum(cases) < {{ setting("feedback_rules", "min_public_cases") }} as is_withheld,
        cast(sum(cases) as integer) as cases,
        cast(sum(from_reviews) as integer) as from_reviews,
        cast(sum(from_surveys) as integer) as from_surveys,
        cast(sum(from_tickets) as integer) as from_tickets,
        cast(sum(urgent) as integer) as urgent,
        cast(sum(resolved) as integer) as resolved,
        cast(sum(in_time) as integer) as in_time,
        cast(sum(overdue) as integer) as overdue,
        cast(sum(days_sum) as integer) as days_sum
    from shown
    group by month, shown_class
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
