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


{# The first day of the period before that of `relation`. #}
{% macro period_before(relation) -%}
    {{ start_of_period(days_after(relation ~ ".first_day", "-1"), relation) }}
{%- endmacro %}


{# Periods whose figures are worked out, each with the one that it is compared with: all of them, or the touched ones. #}
{% macro touched_periods_and_those_before(relation) -%}
    {% if only_touched() -%}
        {% set wanted -%}
            (
                select
                    period,
                    first_day,
                    breakdown
                from {{ touched_set("opinion_figures") }}
                union all
                select
                    touched.period,
                    {{ period_before("touched") }} as first_day,
                    touched.breakdown
                from {{ touched_set("opinion_figures") }} as touched
            ) as wanted
        {%- endset %}
        {{ looked_up(relation, wanted, touched_kinds()["opinion_figures"]) }}
    {%- else -%}
        select * from {{ relation }}
    {%- endif %}
{%- endmacro %}


{# Days once for their week and once for their month, of CTE `daily`: all of them, or those of touched periods. #}
{% macro days_of_touched_periods(daily) -%}
    {% if only_touched() -%}
        select
            of_key.*,
            touched.period,
            touched.first_day
        from {{ touched_set("opinion_periods") }} as touched
        cross join lateral (
            select * from {{ daily }} as whole
            where
                whole.breakdown = touched.breakdown
                and whole.day between touched.first_day and case touched.period
                    when 'week' then {{ period_end("week", "touched.first_day") }}
                    else {{ period_end("month", "touched.first_day") }}
                end
            offset 0
        ) as of_key
    {%- else -%}
        select
            {{ daily }}.*,
            periods.period,
            {{ start_of_period(daily ~ ".day") }} as first_day
        from {{ daily }}
        cross join (values ('week'), ('month')) as periods (period)
    {%- endif %}
{%- endmacro %}


{% macro start_of_period(day, of="periods") -%}
    case {{ of }}.period
        when 'week' then {{ period_start("week", day) }}
        else {{ period_start("month", day) }}
    end
{%- endmacro %}


{# After the tiers: all days on which somebody answered whose tier turned. #}
{% macro note_turned_tiers() -%}
    {% if only_touched() -%}
        insert into {{ touched_set("tier_days") }}
        select distinct answers.answer_day
        from {{ turned_rows("customer_key, value_tier") }} as turned
        inner join {{ ref("int_answers") }} as answers
            on turned.customer_key = answers.customer_key
        on conflict do nothing
    {%- endif %}
{%- endmacro %}


{# After a model of orders: those of which anything turned, or any of `columns`, that answers about them are told apart by. #}
{% macro note_retold_orders(columns=none) -%}
    {{ note_turned("retold_orders", "source, order_id", "source, order_id, " ~ columns if columns else "*") }}
{%- endmacro %}


{# After the weights: adds to the days of answers that turned those of answers about retold orders and those of weeks
   whose weights turned, and notes all that is added up of these days. An answer without a weight of its own counts 1, so
   such a weight is none. #}
{% macro note_turned_weights() -%}
    {% if only_touched() -%}
        analyze {{ touched_set("retold_orders") }};
        insert into {{ touched_set("answer_days") }}
        select answer_day from ({{ touched_rows(ref("int_answers"), "retold_orders") }}) as answers
        on conflict do nothing;
        insert into {{ touched_set("answer_days") }}
        select {{ days_after("turned.week", "days.n") }}
        from {{ turned_rows("week, kind, experience, standing, weight", "weight <> 1") }} as turned
        cross join generate_series(0, 6) as days (n)
        on conflict do nothing;
        insert into {{ touched_set("tier_days") }}
        select answer_day from {{ touched_set("answer_days") }}
        on conflict do nothing;
        insert into {{ touched_set("opinions") }}
        select
            days.answer_day,
            breakdowns.breakdown
        from {{ touched_set("answer_days") }} as days
        cross join (
            values ('all'), ('product'), ('category'), ('seller'), ('channel')
        ) as breakdowns (breakdown)
        union all
        select
            day,
            'tier'
        from {{ touched_set("tier_days") }}
        on conflict do nothing;
        insert into {{ touched_set("opinion_periods") }}
        select distinct
            periods.period,
            {{ start_of_period("touched.day") }},
            touched.breakdown
        from {{ touched_set("opinions") }} as touched
        cross join (values ('week'), ('month')) as periods (period)
        on conflict do nothing;
        {# A figure is compared with the one before it. #}
        {% for period in ["week", "month"] -%}
            insert into {{ touched_set("opinion_" ~ period ~ "s") }}
            select
                first_day,
                breakdown
            from {{ touched_set("opinion_periods") }}
            where period = '{{ period }}'
            union
            select
                {{ days_after(period_end(period, "first_day"), 1) }},
                breakdown
            from {{ touched_set("opinion_periods") }}
            where period = '{{ period }}'
            on conflict do nothing;
        {% endfor -%}
        insert into {{ touched_set("opinion_figures") }}
        select
            'week',
            first_day,
            breakdown
        from {{ touched_set("opinion_weeks") }}
        union all
        select
            'month',
            first_day,
            breakdown
        from {{ touched_set("opinion_months") }}
        on conflict do nothing;
        {% for kind in ["answer_days", "tier_days", "opinions", "opinion_periods", "opinion_figures", "opinion_weeks", "opinion_months"] -%}
            analyze {{ touched_set(kind) }};
        {% endfor -%}
    {%- endif %}
{%- endmacro %}
