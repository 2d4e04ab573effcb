{# The columns of a mart of weeks or months, from int_satisfaction__estimates. #}
{% macro satisfaction_of_periods(period) -%}
    first_day,
    days,
    metric,
    dimension,
    breakdown,
    subject,
    least({{ period_end(period, "first_day") }}, {{ business_date() }}) as last_day,
    {{ period_end(period, "first_day") }} <= {{ business_date() }} as is_complete,
    promotion_n,
    {{ satisfaction_sums() | join(",\n    ") }},
    is_withheld,
    value,
    ci_low,
    ci_high,
    std_error,
    cast(effective_n as numeric(14, 2)) as effective_n,
    weighted_value,
    weighted_ci_low,
    weighted_ci_high,
    previous_value,
    change,
    change_low,
    change_high,
    case
        when change_low > 0 then 'rising'
        when change_high < 0 then 'falling'
        when change_low is not null then 'steady'
        else 'unknown'
    end as trend
{%- endmacro %}
