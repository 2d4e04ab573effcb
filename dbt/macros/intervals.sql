{# The 95 % interval of a share by Wilson (1927, JASA 22, 209-212), to four decimals; `z` is its quantile. #}
{% macro wilson(part, whole, z, end) -%}
    cast(
        (
            {{ part }} / cast({{ whole }} as double precision) + power({{ z }}, 2) / (2 * {{ whole }})
            {{ "-" if end == "low" else "+" }} {{ z }} * sqrt(
                {{ part }} / cast({{ whole }} as double precision)
                * (1 - {{ part }} / cast({{ whole }} as double precision)) / {{ whole }}
                + power({{ z }} / (2 * {{ whole }}), 2)
            )
        ) / (1 + power({{ z }}, 2) / {{ whole }})
        as numeric(5, 4)
    )
{%- endmacro %}


{# Student's quantile from the normal one by Cornish and Fisher (1937), good to 1 % from three degrees on. #}
{% macro student(z, freedom) -%}
    (
        {{ z }} + (power({{ z }}, 3) + {{ z }}) / (4 * {{ freedom }})
        + (5 * power({{ z }}, 5) + 16 * power({{ z }}, 3) + 3 * {{ z }}) / (96 * power({{ freedom }}, 2))
        + (3 * power({{ z }}, 7) + 19 * power({{ z }}, 5) + 17 * power({{ z }}, 3) - 15 * {{ z }})
        / (384 * power({{ freedom }}, 3))
    )
{%- endmacro %}
