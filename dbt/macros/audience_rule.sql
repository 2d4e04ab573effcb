{# The value of one row of seed audience_rules. #}
{% macro audience_rule(rule) -%}
    (select value from {{ ref("audience_rules") }} where rule = '{{ rule }}')
{%- endmacro %}
