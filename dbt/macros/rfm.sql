{# 1 to 5: the highest score whose threshold the value reaches. A score that ties left without a threshold
   is null in `thresholds`, and a comparison with null falls to the next lower one. Who bought nothing within
   the window scores 1. #}
{% macro rfm_score(value, dimension) -%}
    case
        when orders_in_window = 0 then 1
        when {{ value }} >= {{ dimension }}_5 then 5
        when {{ value }} >= {{ dimension }}_4 then 4
        when {{ value }} >= {{ dimension }}_3 then 3
        when {{ value }} >= {{ dimension }}_2 then 2
        else 1
    end
{%- endmacro %}


{% macro rfm_threshold(dimension, score) -%}
    max(from_value) filter (where dimension = '{{ dimension }}' and score = {{ score }}) as {{ dimension }}_{{ score }}
{%- endmacro %}


{# The threshold of each score as a column of its own: one row to join every customer with. #}
{% macro rfm_thresholds_as_columns() -%}
    {% for dimension in ["recency", "frequency", "monetary"] -%}
        {% for score in [2, 3, 4, 5] -%}
            {{ rfm_threshold(dimension, score) }}{{ "" if dimension == "monetary" and score == 5 else ", " }}
        {%- endfor %}
    {%- endfor %}
{%- endmacro %}


{# The customers whose score of before no longer fits the thresholds: those that a threshold has passed. #}
{% macro rfm_scores_that_moved() -%}
    select customer_key
    from (select *, net_spend_in_window as net_in_window from {{ this }}) as stands
    cross join (select {{ rfm_thresholds_as_columns() }} from {{ ref("int_rfm__thresholds") }}) as thresholds
    where
        recency_score <> {{ rfm_score(days_between("date '1970-01-01'", "last_order_date"), "recency") }}
        or frequency_score <> {{ rfm_score("orders_in_window", "frequency") }}
        or monetary_score <> {{ rfm_score("net_in_window", "monetary") }}
{%- endmacro %}
