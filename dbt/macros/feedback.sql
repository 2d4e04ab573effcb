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


{# Before the orders that were watched: those whose customer bought on another day than they had, within the days that
   count or before them. #}
{% macro touch_who_may_have_come_back() -%}
    {% if only_touched() -%}
        insert into {{ touched_set("watched_orders") }}
        select
            stood.source,
            stood.order_id
        from {{ this }} as stood
        inner join staging.touched_order_days as turned
            on
                stood.customer_key = turned.customer_key
                and stood.from_day >= {{ days_before("turned.order_day", setting("feedback_rules", "repurchase_days")) }}
        on conflict do nothing;
        analyze {{ touched_set("watched_orders") }};
    {%- endif %}
{%- endmacro %}
