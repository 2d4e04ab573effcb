{# Value and 95 % interval of satisfaction sums; docs/metrics.md states the formulas.
   Expects the columns n, score_sum, score_sum_sq, positive, negative and those of seed satisfaction_rules. #}

{% macro satisfaction_value() -%}
    case estimate
        when 'share' then {{ share("positive") }}
        when 'net_share' then 100 * ({{ share("positive") }} - {{ share("negative") }})
        when 'mean' then {{ share("score_sum") }}
    end
{%- endmacro %}


{# The middle of the interval: the value itself, but Wilson's for a share. #}
{% macro satisfaction_centre() -%}
    case estimate
        when 'share' then ({{ share("positive") }} + z * z / (2 * n)) / (1 + z * z / n)
        when 'net_share' then 100 * ({{ share("positive") }} - {{ share("negative") }})
        when 'mean' then {{ share("score_sum") }}
    end
{%- endmacro %}


{# Half the interval's width; null for a mean of one answer, whose spread nobody knows. #}
{% macro satisfaction_margin() -%}
    case estimate
        when 'share' then
            z / (1 + z * z / n)
            * sqrt({{ share("positive") }} * (1 - {{ share("positive") }}) / n + z * z / (4 * n * n))
        when 'net_share' then
            100 * z * sqrt((
                {{ share("positive + negative") }} - ({{ share("positive - negative") }}) ^ 2
            ) / n)
        when 'mean' then
            z * sqrt((score_sum_sq - score_sum * {{ share("score_sum") }}) / nullif(n - 1, 0) / n)
    end
{%- endmacro %}


{% macro share(part) -%}
    cast({{ part }} as numeric) / n
{%- endmacro %}


{# The three estimates as columns, for a CTE named `estimated`. #}
{% macro satisfaction_estimates() -%}
    {{ satisfaction_value() }} as estimated_value,
    {{ satisfaction_centre() }} as centre,
    {{ satisfaction_margin() }} as margin
{%- endmacro %}


{# value, ci_low and ci_high to four decimals, the interval cut at the ends of the metric's range. #}
{% macro satisfaction_columns() -%}
    cast(estimated_value as numeric(10, 4)) as value,
    cast(
        case when centre - margin < value_min then value_min else centre - margin end as numeric(10, 4)
    ) as ci_low,
    cast(
        case when centre + margin > value_max then value_max else centre + margin end as numeric(10, 4)
    ) as ci_high
{%- endmacro %}
