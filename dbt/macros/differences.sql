{# The difference of two means and shares with its interval; docs/metrics.md states formulas and sources. #}

{# The variance of a mean, from sums of one side. #}
{% macro mean_variance(n, total, squares) -%}
    (({{ squares }} - power({{ total }}, 2) / cast({{ n }} as double precision)) / nullif({{ n }} - 1, 0) / {{ n }})
{%- endmacro %}


{# Welch and Satterthwaite's degrees of freedom of two variances of means. #}
{% macro welch_freedom(variance_a, n_a, variance_b, n_b) -%}
    (
        power({{ variance_a }} + {{ variance_b }}, 2) / nullif(
            power({{ variance_a }}, 2) / ({{ n_a }} - 1) + power({{ variance_b }}, 2) / ({{ n_b }} - 1), 0
        )
    )
{%- endmacro %}
