{# The most frequent choice of a dimension, or a figure of it, where the customer made enough and likes
   it enough. Expects the columns of int_customers__choices. #}
{% macro favourite(dimension, value, least) -%}
    max({{ value }}) filter (
        where dimension = '{{ dimension }}' and place = 1
        and total >= {{ setting("preference_rules", least) }}
        and n >= total * {{ setting("preference_rules", "min_share") }}
    )
{%- endmacro %}
