{# A mart of weeks or months, from CTEs `sums` and `estimates`. #}
{% macro satisfaction_of_periods(period) -%}
    {% set last_day = period_end(period, "sums.first_day") -%}
    select
        sums.first_day,
        sums.days,
        sums.metric,
        sums.dimension,
        sums.breakdown,
        sums.subject,
        least({{ last_day }}, {{ business_date() }}) as last_day,
        {{ last_day }} <= {{ business_date() }} as is_complete,
        sums.promotion_n,
        sums.{{ satisfaction_sums() | join(",\n        sums.") }},
        estimates.first_day is null as is_withheld,
        {% for name in satisfaction_figures() -%}
            {% if name == "effective_n" %}cast(estimates.effective_n as numeric(14, 2)) as effective_n,
            {%- else %}estimates.{{ name }},{% endif %}
        {% endfor -%}
        estimates.previous_value,
        estimates.change,
        estimates.change_low,
        estimates.change_high,
        case
            when estimates.change_low > 0 then 'rising'
            when estimates.change_high < 0 then 'falling'
            when estimates.change_low is not null then 'steady'
            else 'unknown'
        end as trend
    from sums
    left join estimates
        on
            sums.first_day = estimates.first_day
            and sums.days = estimates.days
            and sums.metric = estimates.metric
            and sums.dimension = estimates.dimension
            and sums.breakdown = estimates.breakdown
            and sums.subject = estimates.subject
{%- endmacro %}
