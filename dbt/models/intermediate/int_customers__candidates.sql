{{ config(materialized="view") }}

with bought as (
    select * from {{ ref("int_customers__products") }}
),

rules as (
    select
        *,
        row_number() over (
            partition by source, product_id order by confidence_low desc, with_product_id asc
        ) as place
    from {{ ref("product_pairs") }}
),

-- So many rules a product, products a customer and best sellers a category bound what one customer costs.
pairs as (
    select * from rules
    where place <= {{ setting("basket_rules", "rules_per_product") }}
),

favourites as (
    select * from {{ ref("int_customers__favourites") }}
),

sold as (
    select * from {{ ref("int_baskets__products") }}
    where last_day > {{ days_after(business_date(), "-" ~ setting("basket_rules", "on_sale_days")) }}
),

best_sellers as (
    select
        *,
        row_number() over (partition by category order by baskets desc, source asc, product_id asc) as place
    from sold
),

from_rules as (
    select distinct on (bought.customer_key, pairs.source, pairs.with_product_id)
        bought.customer_key,
        pairs.source,
        pairs.with_product_id as product_id,
        'bought_together' as reason,
        bought.product_id as because_of,
        cast(pairs.confidence_low as numeric(14, 4)) as score
    from bought
    inner join pairs
        on bought.source = pairs.source and bought.product_id = pairs.product_id
    inner join sold
        on pairs.source = sold.source and pairs.with_product_id = sold.product_id
    where bought.place <= {{ setting("basket_rules", "recent_products") }}
    order by
        bought.customer_key asc, pairs.source asc, pairs.with_product_id asc,
        pairs.confidence_low desc, bought.product_id asc
),

from_category as (
    select
        favourites.customer_key,
        best_sellers.source,
        best_sellers.product_id,
        'best_seller_of_category' as reason,
        cast(null as text) as because_of,
        cast(cast(1 as numeric) / best_sellers.place as numeric(14, 4)) as score
    from favourites
    inner join best_sellers
        on favourites.category = best_sellers.category
    where best_sellers.place <= {{ setting("basket_rules", "category_products") }}
)

-- The same product by both ways is offered for the stronger reason.
select * from from_rules
union all
select from_category.*
from from_category
left join from_rules
    on
        from_category.customer_key = from_rules.customer_key
        and from_category.source = from_rules.source
        and from_category.product_id = from_rules.product_id
where from_rules.customer_key is null
