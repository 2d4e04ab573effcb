{# What the platform knew when the business date closed. PostgreSQL's own date functions stand here alone. #}

{% macro business_date() -%}
    cast('{{ var("business_date") }}' as date)
{%- endmacro %}


{# The newest Sunday of those that have closed: what offers, price ranks and the tiers of answers are made by is of the time up to it. #}
{% macro week_closed() -%}
    {{ days_before(period_start("week", days_after(business_date(), 1)), 1) }}
{%- endmacro %}


{# The newest version of each key that had come by the business date. `key` lists the contract's key. Of a
   `kind`, where only that is worked out, the touched keys alone: the columns of the kind are the source and the
   first ones of `key`. #}
{% macro newest(relation, key, kind=none) -%}
    {% if kind and only_touched() -%}
        select of_key.*
        from {{ touched_set(kind) }} as touched
        cross join lateral ({{ newest_rows(relation, key, touched_kinds()[kind][1:]) }}) as of_key
    {%- else -%}
        {{ newest_rows(relation, key) }}
    {%- endif %}
{%- endmacro %}


{% macro newest_rows(relation, key, touched=[]) -%}
    select distinct on (_source, {{ key | join(", ") }}) *
    from {{ relation }}
    where
        _business_date <= {{ business_date() }}
        {%- for name in touched %}
        {{ "and _source = touched.source " if loop.first }}and {{ key[loop.index0] }} = touched.{{ name }}
        {%- endfor %}
    order by _source desc, {{ key | join(" desc, ") }} desc, _version desc
{%- endmacro %}


{# The shop-local day of an instant. #}
{% macro local_day(instant) -%}
    cast({{ instant }} at time zone '{{ var("time_zone") }}' as date)
{%- endmacro %}


{% macro days_between(first_day, last_day) -%}
    ({{ last_day }} - {{ first_day }})
{%- endmacro %}


{% macro days_after(day, days) -%}
    cast({{ day }} + cast({{ days }} as integer) as date)
{%- endmacro %}


{% macro days_before(day, days) -%}
    cast({{ day }} - cast({{ days }} as integer) as date)
{%- endmacro %}


{% macro months_before(day, months) -%}
    cast({{ day }} - {{ months }} * interval '1 month' as date)
{%- endmacro %}


{# A number of a JSON document, by its name; PostgreSQL's way. #}
{% macro json_number(document, name) -%}
    cast({{ document }} ->> '{{ name }}' as double precision)
{%- endmacro %}


{% macro span_before(day, months, days) -%}
    cast({{ day }} - {{ months }} * interval '1 month' - {{ days }} * interval '1 day' as date)
{%- endmacro %}


{# Full calendar months from one month's first day to another's. #}
{% macro months_between(first_month, last_month) -%}
    cast(
        12 * (extract(year from {{ last_month }}) - extract(year from {{ first_month }}))
        + extract(month from {{ last_month }}) - extract(month from {{ first_month }}) as integer
    )
{%- endmacro %}


{# First day of the day, week (from Monday) or month that holds a day. #}
{% macro period_start(period, day) -%}
    cast(date_trunc('{{ period }}', {{ day }}) as date)
{%- endmacro %}


{% macro period_end(period, first_day) -%}
    cast({{ first_day }} + interval '1 {{ period }}' - interval '1 day' as date)
{%- endmacro %}


{# Every day, week or month from one first day to another, as a table function. #}
{% macro series(first_day, last_day, period) -%}
    generate_series({{ first_day }}, {{ last_day }}, interval '1 {{ period }}')
{%- endmacro %}
