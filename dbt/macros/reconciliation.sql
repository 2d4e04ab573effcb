{# The reasons for which what was sent has not arrived, in the order of the mart's columns. #}
{% macro reconciliation_reasons() -%}
    {{ return([
        "duplicate", "quarantined", "uncounted", "superseded", "unknown_order", "ahead", "not_a_sale", "not_answered",
        "off_scale", "rounding"
    ]) }}
{%- endmacro %}


{# ISO 4217's code for where no currency is involved; sources/sums.py writes the same into the control sums. #}
{% macro no_currency() -%}
    'XXX'
{%- endmacro %}


{# The measures of sales_daily, and the feeds that they come from. #}
{% macro reconciliation_measures() -%}
    {{ return({
        "orders": "orders",
        "gross": "order_lines",
        "discounts": "orders + order_lines",
        "shipping": "orders + order_lines",
        "refunds": "refunds",
    }) }}
{%- endmacro %}


{% macro one_part(relation, feed, currency, measure, part, value, condition="") -%}
    select
        {{ feed }} as feed,
        day,
        {{ currency }} as currency,
        {{ measure }} as measure,
        {{ part }} as part,
        {{ value }} as value
    from {{ relation }}
    {{ "where " ~ condition if condition }}
{%- endmacro %}


{# What files sent, what became of it, and what raw holds, from `landed` and `held`; all measures. #}
{% macro raw_parts() -%}
    {{ one_part("landed", "feed", "currency", "measure", "'sent'", "value") }}
    union all
    {{ one_part("landed", "feed", "currency", "measure", "verdict", "value", "verdict <> 'loaded'") }}
    union all
    {{ one_part("held", "feed", "currency", "measure", "'arrived'", "value") }}
    union all
    {{ one_part("held", "feed", "currency", "measure", "'uncounted'", "-uncounted") }}
{%- endmacro %}


{# What raw holds and why it did not arrive, from `sales`; what arrived, from `sales_daily`; all measures. #}
{% macro sales_parts() -%}
    {% for measure, feed in reconciliation_measures().items() -%}
        {% set arrived = "reason = 'arrived'" -%}
        {% set from_feed, called = "'" ~ feed ~ "'", "'" ~ measure ~ "'" -%}
        {{ one_part("sales", from_feed, "currency", called, "'sent'", measure) }}
        union all
        {{ one_part("sales", from_feed, "currency", called, "reason", measure, "reason <> 'arrived'") }}
        union all
        {{ one_part("sales", from_feed, "currency", called, "'rounding'", measure ~ "_rounding", arrived) }}
        union all
        {{ one_part("sales_daily", from_feed, "currency", called, "'arrived'", measure) }}
        {{ "union all" if not loop.last }}
    {% endfor %}
{%- endmacro %}


{# The same of answers, from `answers` and what `satisfaction_daily` has of `all`, which have no currency. #}
{% macro answer_parts() -%}
    {{ one_part("answers", "feed", no_currency(), "'answers'", "'sent'", "answers") }}
    union all
    {{ one_part("answers", "feed", no_currency(), "'answers'", "reason", "answers", "reason <> 'arrived'") }}
    union all
    {{ one_part(
        "satisfaction_daily", "case when metric = 'review' then 'reviews' else 'survey_responses' end",
        no_currency(), "'answers'", "'arrived'", "n"
    ) }}
{%- endmacro %}


{# Each part as a column of its own. #}
{% macro parts_as_columns() -%}
    {% for part in ["sent", "arrived"] + reconciliation_reasons() -%}
        cast(coalesce(sum(value) filter (where part = '{{ part }}'), 0) as numeric(18, 4)) as {{ part }}
        {{- ", " if not loop.last }}
    {%- endfor %}
{%- endmacro %}
