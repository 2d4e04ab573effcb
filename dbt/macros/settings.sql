{# The value of one row of a seed of settings, such as `demand_rules`. #}
{% macro setting(seed, name) -%}
    (select value from {{ ref(seed) }} where setting = '{{ name }}')
{%- endmacro %}
