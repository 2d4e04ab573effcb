{# An end, `low` or `high`, of Wilson's 95 % interval (1927, JASA 22, 209-212) of a share, or of a value that stands in
   its range as a share does between 0 and 1. `pull` is z² ÷ n: how much the middle of the range pulls. #}
{% macro wilson_end(value, pull, end, least=0, most=1) -%}
    (
        {{ value }} + {{ pull }} * ({{ least }} + {{ most }}) / 2
        {{ "-" if end == "low" else "+" }} sqrt(
            {{ pull }} * ({{ value }} - {{ least }}) * ({{ most }} - {{ value }})
            + power({{ pull }} * ({{ most }} - {{ least }}), 2) / 4
        )
    ) / (1 + {{ pull }})
{%- endmacro %}


{# The interval of a share of counts, to four decimals; `z` is its quantile. #}
{% macro wilson(part, whole, z, end) -%}
    {% set p = "(" ~ part ~ " / cast(" ~ whole ~ " as double precision))" -%}
    cast({{ wilson_end(p, "(power(" ~ z ~ ", 2) / " ~ whole ~ ")", end) }} as numeric(5, 4))
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
