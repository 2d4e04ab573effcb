{# People whose class turned by the passing of time alone: an absence grew long enough, or the day of a registration
   that was known ahead came. Of all last days with sales few can begin a class on a new day: they are looked up. #}
{% macro classes_that_turned() -%}
    select order_days.customer_key
    from {{ touched_set("new_days") }} as days
    cross join {{ ref("lifecycle_windows") }} as windows
    cross join (
        select 0 as later
        union all
        select value from {{ ref("lifecycle_hysteresis") }} where rule = 'grace_days'
    ) as grace
    cross join lateral (
        select * from {{ ref("int_customers__order_days") }} as whole
        where whole.order_day = {{ days_before("days.day", "windows.min_days + grace.later") }}
        offset 0
    ) as order_days
    where order_days.next_order_day is null and days.day = {{ class_begins("order_days", "windows") }}
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


{% macro order_days_of_buyers() -%}
    select
        customer_key,
        order_day,
        first_order_day
    from ({{ touched_rows(this, "buyers") }}) as touched_days
{%- endmacro %}


{# Before the days with sales: those of touched buyers as they stood. #}
{% macro keep_order_days() -%}
    {% if only_touched() -%}
        create temp table kept_order_days on commit drop as {{ order_days_of_buyers() }}
    {%- endif %}
{%- endmacro %}


{# After them: days that are or are no longer one with sales, and the months of which cohorts may count otherwise.
   Whoever first bought on another day may be of another cohort, in all months. #}
{% macro note_turned_order_days() -%}
    {% if only_touched() -%}
        create temp table now_order_days on commit drop as {{ order_days_of_buyers() }};
        insert into staging.touched_order_days
        select
            coalesce(stood.customer_key, days.customer_key),
            coalesce(stood.order_day, days.order_day)
        from kept_order_days as stood
        full outer join now_order_days as days
            on stood.customer_key = days.customer_key and stood.order_day = days.order_day
        where stood.order_day is null or days.order_day is null
        on conflict do nothing;
        analyze staging.touched_order_days;
        insert into {{ touched_set("cohort_months") }}
        select month from {{ touched_set("sale_months") }}
        union
        select {{ period_start("month", "days.order_day") }}
        from now_order_days as days
        left join (
            select distinct
                customer_key,
                first_order_day
            from kept_order_days
        ) as stood
            on days.customer_key = stood.customer_key
        where days.first_order_day is distinct from stood.first_order_day
        on conflict do nothing;
        analyze {{ touched_set("cohort_months") }};
    {%- endif %}
{%- endmacro %}
