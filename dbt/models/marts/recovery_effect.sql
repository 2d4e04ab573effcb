with watched as (
    select * from {{ ref("int_recovery__orders") }}
),

sums as (
    select
        complaint,
        count(*) as orders,
        count(*) filter (where came_back) as repurchased,
        count(distinct customer_key) as customers,
        {{ setting("feedback_rules", "z") }} as z,
        count(*) < {{ setting("feedback_rules", "min_orders") }} as is_withheld
    from watched
    group by complaint
),

rates as (
    select
        *,
        cast(repurchased as double precision) / orders as rate
    from sums
),

compared as (
    select
        rates.*,
        rates.rate - others.rate as difference,
        sqrt(
            rates.rate * (1 - rates.rate) / rates.orders + others.rate * (1 - others.rate) / others.orders
        ) as error
    from rates
    left join rates as others
        on others.complaint = 'unresolved' and rates.complaint <> 'unresolved' and not others.is_withheld
)

select
    complaint,
    cast(orders as integer) as orders,
    cast(customers as integer) as customers,
    cast(repurchased as integer) as repurchased,
    is_withheld,
    {% for name, figure in [
        ("rate", "rate"),
        ("ci_low", wilson("repurchased", "orders", "z", "low")),
        ("ci_high", wilson("repurchased", "orders", "z", "high")),
        ("difference", "difference"),
        ("difference_low", "difference - z * error"),
        ("difference_high", "difference + z * error"),
    ] -%}
        cast(case when not is_withheld then {{ figure }} end as numeric(10, 4)) as {{ name }}{{ "," if not loop.last }}
    {% endfor %}
from compared
