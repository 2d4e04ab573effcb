{# People whose class turned by the passing of time alone: an absence grew long enough, or the day of a registration
   that was known ahead came. #}
{% macro classes_that_turned() -%}
    select order_days.customer_key
    from {{ ref("int_customers__order_days") }} as order_days
    cross join {{ ref("lifecycle_windows") }} as windows
    inner join {{ touched_set("new_days") }} as days
        on
            days.day = {{ class_begins("order_days", "windows") }}
    where order_days.next_order_day is null
    union
    select customer_key
    from {{ ref("stg_customers") }}
    where customer_key is not null and registered_day in (select day from {{ touched_set("new_days") }})
{%- endmacro %}


{# The day on which a class begins, counted from a day with sales; classes of absence may wait for slow buyers. #}
{% macro class_begins(order_days, windows) -%}
    {{ days_after(
        order_days ~ ".order_day",
        windows ~ ".min_days + case when " ~ windows ~ ".min_days > 0 then " ~ order_days ~ ".grace_days else 0 end"
    ) }}
{%- endmacro %}


{# Of a customer's days with sales (columns order_day, next_order_day), the last of its day, week or month. #}
{% macro is_last_within(period) -%}
    coalesce(
        next_order_day > {{ period_end(period, period_start(period, "order_day")) }},
        true
    )
{%- endmacro %}
