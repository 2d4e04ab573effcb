{# The last day before the window that ends on `day`. #}
{% macro rfm_window(day) -%}
    select {{ months_before(day, "value") }} as day_before
    from {{ ref("rfm_settings") }}
    where setting = 'window_months'
{%- endmacro %}


{# What scores are made of, as columns of a query of CTEs `sales` and `rfm_window` that groups by customer. #}
{% macro rfm_columns() -%}
    max(sales.order_day) as last_order_date,
    cast(count(*) filter (where sales.order_day > rfm_window.day_before) as integer) as orders_in_window,
    cast(coalesce(
        sum(sales.sold_base - sales.refunded_base) filter (where sales.order_day > rfm_window.day_before),
        0
    ) as numeric(18, 2)) as net_in_window
{%- endmacro %}


{# The newest sale as a number: days since 1970. #}
{% macro recency_day(last_order_date) -%}
    cast({{ days_between("date '1970-01-01'", last_order_date) }} as numeric)
{%- endmacro %}


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


{# The three scores as columns, from CTEs `customers` and `thresholds`. #}
{% macro rfm_scores() -%}
    {{ rfm_score(recency_day("customers.last_order_date"), "recency") }} as recency_score,
    {{ rfm_score("customers.orders_in_window", "frequency") }} as frequency_score,
    {{ rfm_score("customers.net_in_window", "monetary") }} as monetary_score
{%- endmacro %}


{# The segment and tier of the scores of CTE `scored`: a condition of a join with CTE `tiers`. #}
{% macro is_tier_of_scores() -%}
    scored.recency_score = tiers.recency_score
    and scored.frequency_score = tiers.frequency_score
    and scored.monetary_score = tiers.monetary_score
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


{# The least value that earns each score of each dimension, from CTE `customers` of whoever bought within the window. #}
{% macro rfm_thresholds() -%}
    histogram as (
        select
            'recency' as dimension,
            {{ recency_day("last_order_date") }} as value,
            cast(count(*) as integer) as people
        from customers
        group by last_order_date
        union all
        select
            'frequency' as dimension,
            cast(orders_in_window as numeric) as value,
            cast(count(*) as integer) as people
        from customers
        group by orders_in_window
        union all
        select
            'monetary' as dimension,
            net_in_window as value,
            cast(count(*) as integer) as people
        from customers
        group by net_in_window
    ),

    ranked as (
        select
            dimension,
            value,
            sum(people) over (partition by dimension order by value) - people as people_below,
            sum(people) over (partition by dimension) as all_people
        from histogram
    ),

    scored as (
        select
            dimension,
            value,
            1 + cast(floor(5 * people_below / all_people) as integer) as score
        from ranked
    )

    select
        dimension,
        score,
        min(value) as from_value
    from scored
    group by dimension, score
{%- endmacro %}


{# After the thresholds of a Sunday: whose value lies between what a threshold was and what it is, or in a dimension with
   another number of scores. #}
{% macro note_whose_scores_moved() -%}
    {% if only_touched() -%}
        insert into {{ touched_set("sunday_customers") }}
        select distinct customers.customer_key
        from {{ ref("int_customers__on_sunday") }} as customers
        cross join (
            select
                dimension,
                least(was.from_value, now.from_value) as from_value,
                greatest(was.from_value, now.from_value) as to_value,
                was.from_value is null or now.from_value is null as is_other
            from kept_rows as was
            full join {{ this }} as now
                using (dimension, score)
            where was.from_value is distinct from now.from_value
        ) as moved
        cross join lateral (
            select
                case moved.dimension
                    when 'recency' then {{ recency_day("customers.last_order_date") }}
                    when 'frequency' then customers.orders_in_window
                    else customers.net_in_window
                end as value
        ) as scored
        where moved.is_other or scored.value >= moved.from_value and scored.value < moved.to_value
        on conflict do nothing;
        analyze {{ touched_set("sunday_customers") }}
    {%- endif %}
{%- endmacro %}
