{# The first choice of a dimension, how often it was chosen, and all choices of the dimension. #}
{% macro first_choice(dimension) -%}
    max(choice) filter (where dimension = '{{ dimension }}') as {{ dimension }},
    cast(max(n) filter (where dimension = '{{ dimension }}') as integer) as {{ dimension }}_n,
    cast(max(total) filter (where dimension = '{{ dimension }}') as integer) as {{ dimension }}_total
{%- endmacro %}


{# The first choice of a dimension, or a figure of it, where the customer made enough and likes it enough. #}
{% macro favourite(dimension, value, least) -%}
    case
        when
            {{ dimension }}_total >= {{ setting("preference_rules", least) }}
            and {{ dimension }}_n >= {{ dimension }}_total * {{ setting("preference_rules", "min_share") }}
            then {{ value }}
    end
{%- endmacro %}


{# Its share of all choices of the dimension. #}
{% macro favourite_share(dimension, least) -%}
    {{ favourite(dimension, "cast(" ~ dimension ~ "_n as numeric) / " ~ dimension ~ "_total", least) }}
{%- endmacro %}
