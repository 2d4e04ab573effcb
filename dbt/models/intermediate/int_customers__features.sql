{{ config(pre_hook="{{ touch_who_is_clustered() }}") }}
{{ touched_model("clustered_customers", indexes=[["customer_key"]]) }}

with buyers as (
    {{ touched_rows(ref("int_customers__orders"), "clustered_customers") }}
),

preferences as (
    {{ touched_rows(ref("customer_preferences"), "clustered_customers") }}
)

select
    buyers.customer_key,
    cast(ln(1 + greatest(0, {{ days_between("buyers.last_order_date", week_closed()) }})) as double precision)
        as recency,
    cast(ln(buyers.orders) as double precision) as frequency,
    cast(ln(1 + greatest(0, coalesce(
        (buyers.sold_base - buyers.refunded_base) / nullif(buyers.orders - buyers.unconverted_orders, 0), 0
    ))) as double precision) as order_value,
    -- One line with and one without a discount are thought in, so that a single purchase does not decide.
    cast(
        (1 + coalesce(preferences.discounted_lines, 0))
        / cast(2 + coalesce(preferences.lines, 0) as double precision) as double precision
    ) as discount,
    cast(preferences.price_level as double precision) as price_level
from buyers
left join preferences
    on buyers.customer_key = preferences.customer_key
