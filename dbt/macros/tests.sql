{# The columns name a row: none of them is null and no two rows share them; and every row makes the expression `holds`
   true, if there is one. All in one scan. #}
{% macro test_is_key(model, columns, holds=none) %}
    select {{ columns | join(", ") }}
    from {{ model }}
    group by {{ columns | join(", ") }}
    having count(*) > 1 {% for column in columns %}or {{ column }} is null {% endfor %}
        {{ ("or bool_or((" ~ holds ~ ") is not true)") if holds }}
{% endmacro %}


{# Every row makes the expression true; an expression that is null has not been shown to hold. #}
{% macro test_holds(model, expression) %}
    select 1 as broken
    from {{ model }}
    where ({{ expression }}) is not true
{% endmacro %}
