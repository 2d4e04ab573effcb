{# Stands before the bracket of a CTE that is read more than once: PostgreSQL would write all of its rows and columns
   down first, where each reader wants some of them. #}
{% macro inlined() -%}
    not materialized
{%- endmacro %}
