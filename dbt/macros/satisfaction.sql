{# Value, standard error and 95 % interval of satisfaction sums; docs/metrics.md states the formulas.
   Expects the columns n, score_sum, score_sum_sq, positive, negative and those of seed satisfaction_rules. With prefix
   "effective_" the sums are those of weighted answers, scaled to as many answers as they are worth. #}

{% macro satisfaction_value(prefix="") -%}
    case estimate
        when 'share' then {{ share(prefix ~ "positive", prefix) }}
        when 'net_share' then 100 * ({{ share(prefix ~ "positive", prefix) }} - {{ share(prefix ~ "negative", prefix) }})
        when 'mean' then {{ share(prefix ~ "score_sum", prefix) }}
    end
{%- endmacro %}


{% macro satisfaction_std_error(prefix="") -%}
    {% set n = "nullif(" ~ prefix ~ "n, 0)" -%}
    {% set p, d = share(prefix ~ "positive", prefix), share(prefix ~ "negative", prefix) -%}
    {% set sum = prefix ~ "score_sum" -%}
    case estimate
        when 'share' then sqrt(greatest({{ p }} * (1 - {{ p }}), 0) / {{ n }})
        when 'net_share' then
            100 * sqrt(greatest({{ p }} + {{ d }} - ({{ p }} - {{ d }}) ^ 2, 0) / {{ n }})
        when 'mean' then
            sqrt(
                greatest({{ prefix }}score_sum_sq - {{ sum }} * {{ share(sum, prefix) }}, 0)
                / case when {{ prefix }}n > 1 then {{ prefix }}n - 1 end / {{ n }}
            )
    end
{%- endmacro %}


{% macro share(part, prefix="") -%}
    cast({{ part }} as numeric) / nullif({{ prefix }}n, 0)
{%- endmacro %}


{# What `wilson_end` calls so. A mean has the interval of a share that stands where it stands in the metric's range and
   is as sure, by Student's quantile. Null for a mean of one answer, whose spread nobody knows. #}
{% macro satisfaction_pull(prefix="") -%}
    {% set mean, n = satisfaction_value(prefix), "nullif(" ~ prefix ~ "n, 0)" -%}
    {#- Weighted answers that all stand at an end have a mean that differs from it in a last digit. -#}
    case estimate
        when 'share' then z * z / {{ n }}
        when 'mean' then
            power({{ student("z", "nullif(" ~ n ~ " - 1, 0)") }}, 2) * coalesce(
                power({{ satisfaction_std_error(prefix) }}, 2)
                / nullif(round(({{ mean }} - value_min) * (value_max - {{ mean }}), 9), 0),
                1 / cast({{ n }} as numeric)
            )
    end
{%- endmacro %}


{# The estimates as columns, for a CTE named `estimated`. #}
{% macro satisfaction_estimates(prefix="") -%}
    {{ satisfaction_value(prefix) }} as {{ prefix }}estimated_value,
    {{ satisfaction_std_error(prefix) }} as {{ prefix }}estimated_error,
    {{ satisfaction_pull(prefix) }} as {{ prefix }}pull
{%- endmacro %}


{# An end of the interval; a net share's is cut at the end of its range, which Wilson's never leaves. #}
{% macro satisfaction_end(prefix, end) -%}
    {% set value = prefix ~ "estimated_value" -%}
    {% set margin = "z * " ~ prefix ~ "estimated_error" -%}
    {% set cut -%}
        {{ "greatest(value_min, " ~ value ~ " - " ~ margin if end == "low" else "least(value_max, " ~ value ~ " + " ~ margin }})
    {%- endset -%}
    case estimate
        when 'net_share' then {{ cut }}
        else {{ wilson_end(value, prefix ~ "pull", end, "value_min", "value_max") }}
    end
{%- endmacro %}


{# value, ci_low and ci_high to four decimals; all null unless `shown`. #}
{% macro satisfaction_columns(prefix="", name="", shown="true") -%}
    cast(case when {{ shown }} then {{ prefix }}estimated_value end as numeric(10, 4)) as {{ name }}value,
    cast(case when {{ shown }} then {{ satisfaction_end(prefix, "low") }} end as numeric(10, 4)) as {{ name }}ci_low,
    cast(case when {{ shown }} then {{ satisfaction_end(prefix, "high") }} end as numeric(10, 4)) as {{ name }}ci_high
{%- endmacro %}


{# At the end of a CTE: PostgreSQL works its columns out once a row, and not once for each place that reads them. #}
{% macro worked_out_once() -%}
    offset 0
{%- endmacro %}


{# What is told of a cell with enough answers. #}
{% macro satisfaction_figures() -%}
    {{ return([
        "value", "ci_low", "ci_high", "std_error", "effective_n", "weighted_value", "weighted_ci_low",
        "weighted_ci_high"
    ]) }}
{%- endmacro %}


{# How many equal answers the weighted ones are worth: their spread ÷ the variance of their weighted mean (by
   linearization), and never more than Kish's (Σ w)² ÷ Σ w². Expects the columns of seed satisfaction_rules. #}
{% macro effective_n() -%}
    {% set p, d = "weighted_positive / weight_sum", "weighted_negative / weight_sum" -%}
    {% set m = "weighted_score_sum / weight_sum" -%}
    {% set net = "(" ~ p ~ " - " ~ d ~ ")" -%}
    least(
        weight_sum ^ 2 / weight_sq_sum,
        case estimate
            when 'share' then
                nullif({{ p }} * (1 - {{ p }}), 0) * weight_sum ^ 2
                / nullif(weight_sq_positive * (1 - 2 * {{ p }}) + weight_sq_sum * ({{ p }}) ^ 2, 0)
            when 'net_share' then
                nullif({{ p }} + {{ d }} - {{ net }} ^ 2, 0) * weight_sum ^ 2 / nullif(
                    weight_sq_positive * (1 - {{ net }}) ^ 2 + weight_sq_negative * (1 + {{ net }}) ^ 2
                    + (weight_sq_sum - weight_sq_positive - weight_sq_negative) * {{ net }} ^ 2,
                    0
                )
            when 'mean' then
                nullif(weighted_score_sum_sq / weight_sum - ({{ m }}) ^ 2, 0) * weight_sum ^ 2 / nullif(
                    weight_sq_score_sum_sq - 2 * {{ m }} * weight_sq_score_sum + weight_sq_sum * ({{ m }}) ^ 2, 0
                )
        end
    )
{%- endmacro %}


{# The weighted sums scaled to that number. #}
{% macro effective_sums() -%}
    {% for name in ["score_sum", "score_sum_sq", "positive", "negative"] -%}
        effective_n * weighted_{{ name }} / weight_sum as effective_{{ name }}{{ "," if not loop.last }}
    {% endfor %}
{%- endmacro %}


{# The sums that days are added up by, and how each is called. #}
{% macro satisfaction_sums() -%}
    {{ return({
        "n": "integer",
        "blank": "integer",
        "not_applicable": "integer",
        "score_sum": "integer",
        "score_sum_sq": "integer",
        "positive": "integer",
        "negative": "integer",
        "weight_sum": "numeric(18, 6)",
        "weight_sq_sum": "numeric(18, 6)",
        "weighted_score_sum": "numeric(18, 6)",
        "weighted_score_sum_sq": "numeric(18, 6)",
        "weighted_positive": "numeric(18, 6)",
        "weighted_negative": "numeric(18, 6)",
        "weight_sq_score_sum": "numeric(18, 6)",
        "weight_sq_score_sum_sq": "numeric(18, 6)",
        "weight_sq_positive": "numeric(18, 6)",
        "weight_sq_negative": "numeric(18, 6)",
    }) }}
{%- endmacro %}


{% macro added_up_satisfaction() -%}
    {% for name, type in satisfaction_sums().items() -%}
        cast(sum({{ name }}) as {{ type }}) as {{ name }}{{ "," if not loop.last }}
    {% endfor %}
{%- endmacro %}


{# What the sums of weighted answers are sums of, as columns: multiplied once an answer, and not once for each of its
   breakdowns and sums. #}
{% macro weighed_scores() -%}
    weight * weight as weight_sq,
    weight * score as weighted_score,
    weight * score * score as weighted_score_sq,
    weight * weight * score as weight_sq_score,
    weight * weight * score * score as weight_sq_score_sq
{%- endmacro %}


{# The same of single answers, from CTEs `labelled` (with the products of weight and score) and `rules`. #}
{% macro counted_satisfaction() -%}
    {% set score = "labelled.score" -%}
    {% set top, bottom = score ~ " >= rules.positive_from", score ~ " <= rules.negative_to" -%}
    cast(count({{ score }}) as integer) as n,
    cast(count(*) filter (where labelled.state = 'blank') as integer) as blank,
    cast(count(*) filter (where labelled.state = 'not_applicable') as integer) as not_applicable,
    cast(coalesce(sum({{ score }}), 0) as integer) as score_sum,
    cast(coalesce(sum({{ score }} * {{ score }}), 0) as integer) as score_sum_sq,
    cast(count(*) filter (where {{ top }}) as integer) as positive,
    cast(count(*) filter (where {{ bottom }}) as integer) as negative,
    {% for name, what, condition in [
        ("weight_sum", "weight", score ~ " is not null"),
        ("weight_sq_sum", "weight_sq", score ~ " is not null"),
        ("weighted_score_sum", "weighted_score", "true"),
        ("weighted_score_sum_sq", "weighted_score_sq", "true"),
        ("weighted_positive", "weight", top),
        ("weighted_negative", "weight", bottom),
        ("weight_sq_score_sum", "weight_sq_score", "true"),
        ("weight_sq_score_sum_sq", "weight_sq_score_sq", "true"),
        ("weight_sq_positive", "weight_sq", top),
        ("weight_sq_negative", "weight_sq", bottom),
    ] -%}
        cast(coalesce(sum(labelled.{{ what }}) filter (where {{ condition }}), 0) as numeric(18, 6)) as {{ name }}
        {{- "," if not loop.last }}
    {% endfor %}
{%- endmacro %}
