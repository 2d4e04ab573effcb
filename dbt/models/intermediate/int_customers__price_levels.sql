{{ config(pre_hook="{{ touch_whose_prices_turned() }}") }}
{{ touched_model("priced_customers", indexes=[["customer_key"]]) }}

with products as (
    {{ touched_rows(ref("int_customers__products"), "priced_customers") }}
),

prices as (
    select * from {{ ref("int_products__prices") }}
)

select
    products.customer_key,
    cast(sum(products.lines) as integer) as ranked_lines,
    cast(sum(products.lines * prices.price_rank) / sum(products.lines) as double precision) as price_level
from products
inner join prices
    on products.source = prices.source and products.product_id = prices.product_id
where prices.price_rank is not null
group by products.customer_key
