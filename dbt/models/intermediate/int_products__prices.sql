{{ config(
    pre_hook="{{ keep_rows() }}",
    post_hook="{{ note_turned('priced_products', 'source, product_id', 'source, product_id, price_rank') }}"
) }}

{% set steps = setting("preference_rules", "price_steps") -%}

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
),

-- A product without a rival is neither cheap nor dear.
ranked as (
    select
        *,
        case
            when count(*) over (partition by category) = 1 then 0.5
            else cast(percent_rank() over (partition by category order by mean_price) as numeric)
        end as price_place
    from products
)

select
    source,
    product_id,
    category,
    cast(mean_price as numeric(18, 4)) as mean_price,
    -- Exact, as sums of it must not follow the order of the rows.
    cast(round(price_place * {{ steps }}) / {{ steps }} as numeric(10, 8)) as price_rank
from ranked
