{# A limit of one rule of seed fraud_rules, from a CTE `rules`. #}
{% macro fraud_limit(rule, limit) -%}
    (select {{ limit }} from rules where rule = '{{ rule }}')
{%- endmacro %}


{# The window of a rule, as long as it is. #}
{% macro hours_of_rule(rule) -%}
    coalesce({{ fraud_limit(rule, "window_hours") }}, 0) * interval '1 hour'
{%- endmacro %}


{# Frame of a window ordered by an instant: the hours of a rule that end with the row, or that begin with it.
   The linter, which has no target, knows no frame but one of a plain interval. #}
{% macro within_hours(rule, side) -%}
    {% set hours = hours_of_rule(rule) if target is defined else "interval '1 hour'" -%}
    {% if side == "before" -%}
        range between {{ hours }} preceding and current row
    {%- else -%}
        range between current row and {{ hours }} following
    {%- endif %}
{%- endmacro %}


{# Days whose flagged figures no longer are those of the mart: an order may be flagged, or cleared, long after.
   `key` are the columns of a row, `money` is the amount as `flagged` names it. #}
{% macro days_whose_flags_moved(flagged, key, money) -%}
    select day
    from {{ this }} as stands
    full outer join {{ ref(flagged) }} as flagged
        using ({{ key }})
    where
        coalesce(stands.flagged_orders, 0) <> coalesce(flagged.orders, 0)
        or coalesce(stands.flagged_{{ money }}, 0) <> coalesce(flagged.{{ money }}, 0)
{%- endmacro %}
