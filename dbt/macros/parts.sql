{# The piece of an order's amount that falls to a line, by the line's weight, to the cent: what is rounded off
   one line is made up by the next, so that the pieces add up to the amount. Expects `reached` and `reached_before`, 0 to 1. #}
{% macro piece_of(amount) -%}
    cast(round({{ amount }} * reached, 2) - round({{ amount }} * reached_before, 2) as numeric(18, 2))
{%- endmacro %}
