{# What customers choose of, as int_customers__favourites names its columns. #}
{% macro favourite_dimensions() -%}
    {{ return(["category", "channel", "weekday", "day_part", "payment"]) }}
{%- endmacro %}


{# The most frequent choice of a dimension, or a figure of it, where the customer made enough and likes
   it enough. #}
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
