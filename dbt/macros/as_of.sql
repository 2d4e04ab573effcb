{# What the platform knew when the business date closed. PostgreSQL's own date functions stand here alone. #}

{% macro business_date() -%}
    cast('{{ var("business_date") }}' as date)
{%- endmacro %}


{# The newest version of each key that had come by the business date. `key` lists the contract's key. #}
{% macro newest(relation, key) -%}
    select distinct on (_source, {{ key | join(", ") }}) *
    from {{ relation }}
    where _business_date <= {{ business_date() }}
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
