{# Cases that the passing of days alone made overdue, or let lapse. #}
{% macro cases_that_turned() -%}
    select
        cases.source,
        cases.case_id
    from {{ touched_set("new_days") }} as days
    cross join {{ ref("feedback_levels") }} as levels
    inner join {{ ref("feedback_urgencies") }} as urgencies
        on levels.urgency = urgencies.urgency
    cross join lateral (values (urgencies.due_days), (urgencies.lapse_days)) as passed (days)
    inner join {{ ref("int_feedback__cases") }} as cases
        on
            levels.origin = cases.origin
            and levels.level = cases.level
            and cases.opened_day = {{ days_before("days.day", "passed.days + 1") }}
    where cases.resolved_day is null
{%- endmacro %}
