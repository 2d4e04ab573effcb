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
