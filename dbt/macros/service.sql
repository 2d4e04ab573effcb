{# Working time of the support desk. PostgreSQL's own time functions of it stand here alone. #}

{# The instant at which the shop's clock shows a time of a day; 24:00 is the next day's 00:00. #}
{% macro local_instant(day, time) -%}
    (({{ day }} + {{ time }}) at time zone '{{ var("time_zone") }}')
{%- endmacro %}


{# The end of the business date. #}
{% macro day_end() -%}
    {{ local_instant(business_date(), "cast('24:00' as time)") }}
{%- endmacro %}


{# Monday is 1. #}
{% macro weekday(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}


{% macro seconds_between(first_instant, last_instant) -%}
    cast(extract(epoch from {{ last_instant }} - {{ first_instant }}) as numeric(20, 6))
{%- endmacro %}


{# Whole and hundredth minutes of seconds. #}
{% macro minutes(seconds) -%}
    cast({{ seconds }} / 60 as numeric(14, 2))
{%- endmacro %}


{# Is a target of working minutes met? null while it may still be. #}
{% macro target_met(is_done, seconds, target_minutes) -%}
    case
        when {{ seconds }} > 60 * {{ target_minutes }} then false
        when {{ is_done }} then true
    end
{%- endmacro %}
