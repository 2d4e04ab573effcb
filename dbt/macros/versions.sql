{# All versions of each key that had come by the business date; `is_newest` marks the one that counts. #}
{% macro versions(relation, key) -%}
    select
        *,
        row_number() over (partition by _source, {{ key | join(", ") }} order by _version desc) = 1 as is_newest
    from {{ relation }}
    where _business_date <= {{ business_date() }}
{%- endmacro %}
