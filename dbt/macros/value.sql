{# Value in the future, by BG/NBD and Gamma-Gamma; docs/metrics.md states the formulas and their sources. #}

{# Days ahead that orders and spend are expected for: each is a pair of columns. #}
{% macro value_horizons() -%}
    {{ return([90, 365]) }}
{%- endmacro %}


{# The orders of each horizon as a column of its own. #}
{% macro horizons_as_columns() -%}
    {% for days in value_horizons() -%}
        max(orders) filter (where days = {{ days }}) as orders_{{ days }}d{{ ", " if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# A customer's purchases from days with `previous_day`: the repeats that BG/NBD reads, the worth that
   Gamma-Gamma reads (a day with an order of unknown worth is left out of it). #}
{% macro purchase_history(condition="true") -%}
    {% set kept = "" if condition == "true" else " and " ~ condition -%}
    {% set filtered = "" if condition == "true" else " filter (where " ~ condition ~ ")" -%}
    min(day){{ filtered }} as first_day,
    max(day){{ filtered }} as last_day,
    cast(count(previous_day){{ filtered }} as integer) as repeats,
    cast(count(spend) filter (where previous_day is not null{{ kept }}) as integer) as known_repeats,
    cast(coalesce(sum(spend) filter (where previous_day is not null{{ kept }}), 0) as double precision) as repeat_spend
{%- endmacro %}


{# How many terms of the series below are summed. Where alpha is a twentieth of the horizon or more, what
   is left out is below one in 10^9 of the sum. #}
{% macro value_terms() -%}
    {{ return(96) }}
{%- endmacro %}


{# Σ over n from 1 of coefficients[n] w^n: eight terms at a time, and those by w^8, both by Horner's rule.
   Powers of w alone would leave the range of a number. #}
{% macro value_series() -%}
    {% for first in range(1, value_terms(), 8) -%}
        {% for n in range(first, first + 8) -%}
            w * (coefficients[{{ n }}]{{ " + " if not loop.last }}
        {%- endfor -%}
        {{ ")" * 8 }}{{ " + w_8 * (" if not loop.last }}
    {%- endfor -%}
    {{ ")" * (value_terms() // 8 - 1) }}
{%- endmacro %}


{# w of z = 1 − left. #}
{% macro series_w(left) -%}
    (1 - sqrt({{ left }})) / (1 + sqrt({{ left }}))
{%- endmacro %}


{# Orders expected of somebody alive, from columns a, repeats_c (a + b + x − 1), log_left (ln(1 − z)), w, w_8
   and coefficients. (1 − e^y) ÷ k is written by sinh, which loses no digits where y is small. #}
{% macro expected_while_alive() -%}
    repeats_c * (
        coalesce(
            -2 * sinh((a - 1) * log_left / 2) * exp((a - 1) * log_left / 2) / nullif(a - 1, 0),
            -log_left
        )
        - exp((a - 1) * log_left) * ({{ value_series() }})
    )
{%- endmacro %}


{# P(alive) of a repeat customer: what depends on the history comes in `log_odds`, the day of the last
   purchase is the customer's own. #}
{% macro p_alive() -%}
    1 / (1 + exp(least(
        expected.log_odds - (parameters.r + customers.repeats) * ln(
            parameters.alpha + {{ days_between("customers.first_day", "customers.last_day") }} / parameters.period_days
        ),
        700
    )))
{%- endmacro %}


{# Days until an order that comes with this probability before them, of somebody alive. #}
{% macro days_to_next_order(probability) -%}
    period_days * alpha_age * (exp(least(-ln(1 - {{ probability }}) / (r + now.repeats), 30)) - 1)
{%- endmacro %}


{# The day on which that falls; null where it lies beyond the seed's farthest day, or nothing is fitted. #}
{% macro next_order_day(days) -%}
    case when {{ days }} <= farthest_days then {{ days_after(business_date(), "ceil(" ~ days ~ ")") }} end
{%- endmacro %}


{# The value of one row of seed value_settings. #}
{% macro value_setting(setting) -%}
    (select value from {{ ref("value_settings") }} where setting = '{{ setting }}')
{%- endmacro %}
