with watched as (
    select * from {{ ref("int_recovery__orders") }}
),

people as (
    select
        complaint,
        customer_key,
        count(*) as orders,
        count(*) filter (where came_back) as repurchased
    from watched
    group by complaint, customer_key
),

sums as (
    select
        complaint,
        cast(sum(orders) as bigint) as orders,
        cast(sum(repurchased) as bigint) as repurchased,
        count(customer_key) as customers,
        {{ setting("feedback_rules", "z") }} as z,
        sum(orders) < {{ setting("feedback_rules", "min_orders") }} as is_withheld
    from people
    group by complaint
),

rates as (
    select
        *,
        case when not is_withheld then cast(repurchased as double precision) / orders end as rate
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
        on others.complaint = 'unresolved' and rates.complaint <> 'unresolved'
)

select
    complaint,
    cast(orders as integer) as orders,
    cast(customers as integer) as customers,
    cast(repurchased as integer) as repurchased,
    is_withheld,
    cast(rate as numeric(10, 4)) as rate,
    cast(
        case
            when not is_withheld then {{ wilson("repurchased", "orders", "z", "low") }}
        end as numeric(10, 4)
    ) as ci_low,
    cast(
        case
            when not is_withheld then {{ wilson("repurchased", "orders", "z", "high") }}
        end as numeric(10, 4)
    ) as ci_high,
    cast(difference as numeric(10, 4)) as difference,
    cast(difference - z * error as numeric(10, 4)) as difference_low,
    cast(difference + z * error as numeric(10, 4)) as difference_high
from compared
