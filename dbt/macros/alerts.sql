{# Counts on the scale of roots, on which chance spreads all alike; docs/metrics.md states formulas. #}

{# Sum of the days from `first` to `last` before each row's, of a running sum over days without gaps. #}
{% macro sum_before(running, first, last) -%}
    coalesce(lag({{ running }}, cast({{ last }} as integer)) over of_series, 0)
    - coalesce(lag({{ running }}, cast({{ first }} + 1 as integer)) over of_series, 0)
{%- endmacro %}


{# Anscombe (1948): 2 sqrt(n + 3/8) spreads by 1 whatever a count's mean. #}
{% macro root(count) -%}
    (2 * sqrt({{ count }} + 0.375))
{%- endmacro %}


{% macro unroot(value) -%}
    (power({{ value }}, 2) / 4 - 0.375)
{%- endmacro %}


{% macro median(value) -%}
    percentile_cont(0.5) within group (order by {{ value }})
{%- endmacro %}


{# What is counted of a day, as a list of columns, for a query that groups by `part_name` and `day`. #}
{% macro fact(signal, part, name, day, x, base) -%}
    '{{ signal }}' as signal,
    '{{ part }}' as part,
    {{ name }} as part_name,
    {{ day }} as day,
    cast(sum({{ x }}) as double precision) as x,
    cast(sum({{ base }}) as double precision) as base
{%- endmacro %}


{# To two decimals, upwards by `ceil` or downwards by `floor`. #}
{% macro hundredths(direction, value) -%}
    cast({{ direction }}(100 * {{ value }}) / 100 as numeric(18, 2))
{%- endmacro %}


{# The first day that is looked at: tests need the weeks before them twice, for what to expect and for how far that
   is missed. #}
{% macro alerts_from() -%}
    {{ days_before(
        business_date(),
        setting("alert_rules", "history_days") ~ " + 2 * " ~ setting("alert_rules", "baseline_days")
        ~ " + " ~ setting("alert_rules", "level_days")
    ) }}
{%- endmacro %}


{# Which of the stretches as long as a baseline a day lies in, counted from 1970. #}
{% macro stretch(day) -%}
    cast(
        floor({{ days_between("date '1970-01-01'", day) }} / {{ setting("alert_rules", "baseline_days") }}) as integer
    )
{%- endmacro %}
