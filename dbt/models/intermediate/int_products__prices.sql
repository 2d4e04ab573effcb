with lines as (
    select * from {{ ref("int_order_lines__priced") }}
    where unit_price_base is not null and order_day <= {{ week_closed() }}
),

products as (
    select
        source,
        product_id,
        category,
        sum(unit_price_base * quantity) / sum(quantity) as mean_price
    from lines
    group by source, product_id, category
)

select
    source,
    product_id,
    category,
    cast(mean_price as numeric(18, 4)) as mean_price,
    -- A product without a rival is neither cheap nor dear.
    -- Exact, as sums of it must not follow the order of the rows.
    cast(case
        when count(*) over (partition by category) = 1 then 0.5
        else percent_rank() over (partition by category order by mean_price)
    end as numeric(10, 8)) as price_rank
from products
