{{ touched_model("cases", also="{{ cases_that_turned() }}") }}

with cases as (
    {{ touched_rows(ref("int_feedback__cases"), "cases") }}
),

classes as (
    select * from {{ ref("feedback_classes") }}
),

levels as (
    select * from {{ ref("feedback_levels") }}
),

urgencies as (
    select * from {{ ref("feedback_urgencies") }}
),

dated as (
    select
        cases.*,
        levels.urgency,
        {{ days_after("cases.opened_day", "urgencies.due_days") }} as due_day,
        {{ days_after("cases.opened_day", "urgencies.lapse_days") }} as lapse_day,
        urgencies.follow_up_days
    from cases
    inner join levels
        on cases.origin = levels.origin and cases.level = levels.level
    inner join urgencies
        on levels.urgency = urgencies.urgency
)

select
    dated.source,
    dated.origin,
    dated.case_id,
    dated.order_id,
    dated.customer_key,
    dated.class,
    classes.class_zh,
    dated.urgency,
    classes.difficulty,
    classes.owner,
    dated.opened_day,
    dated.due_day,
    dated.resolved_day,
    case
        when dated.resolved_day is not null then 'resolved'
        when dated.lapse_day < {{ business_date() }} then 'lapsed'
        else 'open'
    end as state,
    coalesce(dated.resolved_day, {{ business_date() }}) > dated.due_day as is_overdue,
    {{ days_after("dated.resolved_day", "dated.follow_up_days") }} as follow_up_day
from dated
inner join classes
    on dated.class = classes.class
