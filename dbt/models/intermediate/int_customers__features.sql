with buyers as (
    select * from {{ ref("customer_value") }}
),

preferences as (
    select * from {{ ref("customer_preferences") }}
),

typical as (
    select coalesce(avg(price_level), 0.5) as price_level
    from preferences
)

select
    buyers.customer_key,
    cast(ln(1 + {{ days_between("buyers.last_order_date", business_date()) }}) as double precision)
        as recency,
    cast(ln(buyers.orders) as double precision) as frequency,
    cast(ln(1 + greatest(0, coalesce(
        buyers.net_spend / nullif(buyers.orders - buyers.unconverted_orders, 0), 0
    ))) as double precision) as order_value,
    -- One line with and one without a discount are thought in, so that a single purchase does not decide.
    cast(
        (1 + coalesce(preferences.discounted_lines, 0))
        / cast(2 + coalesce(preferences.lines, 0) as double precision) as double precision
    ) as discount,
    -- Where it cannot be told it is the mean, which sets nobody apart.
    cast(coalesce(preferences.price_level, typical.price_level) as double precision) as price_level
from buyers
cross join typical
left join preferences
    on buyers.customer_key = preferences.customer_key
