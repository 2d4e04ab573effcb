{{ touched_model("buyers", indexes=[["customer_key"]]) }}

with orders as (
    {{ touched_rows(ref("int_orders__priced"), "buyers") }}
),

sales as {{ inlined() }} (
    select
        source,
        order_id,
        customer_key,
        order_day,
        case when gross > 0 and refunded >= gross - discounts then 1 else 0 end as paid_back
    from orders
    where is_sale
),

rules as (
    select * from {{ ref("fraud_rules") }}
),

-- Few have that many at all.
often as (
    select customer_key
    from sales
    group by customer_key
    having sum(paid_back) >= {{ fraud_limit("refund_loop", "min_count") }}
),

counted as (
    select
        sales.*,
        sum(sales.paid_back) over (
            partition by sales.customer_key
            order by sales.order_day {{ within_hours("refund_loop", "before") }}
        ) as paid_back_before,
        count(*) over (
            partition by sales.customer_key
            order by sales.order_day {{ within_hours("refund_loop", "before") }}
        ) as orders_before
    from sales
    inner join often
        on sales.customer_key = often.customer_key
),

windows as (
    select
        *,
        case
            when paid_back_before >= {{ fraud_limit("refund_loop", "min_share") }} * orders_before
                then paid_back_before
        end as loop
    from counted
),

densest as (
    select
        *,
        max(loop) over (
            partition by customer_key order by order_day {{ within_hours("refund_loop", "after") }}
        ) as paid_back_within
    from windows
)

select
    source,
    order_id,
    customer_key,
    cast(paid_back_within as integer) as paid_back_within
from densest
where paid_back > 0 and paid_back_within >= {{ fraud_limit("refund_loop", "min_count") }}
