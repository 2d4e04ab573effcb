{{ config(pre_hook="{{ keep_rows() }}", post_hook="{{ note_turned_prices() }}") }}

with months as (
    select * from {{ ref("int_products__prices_monthly") }}
),

products as (
    select
        source,
        product_id,
        category,
        sum(worth) / sum(quantity) as mean_price
    from months
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
