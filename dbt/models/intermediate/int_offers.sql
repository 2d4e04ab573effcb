{{ config(
    pre_hook="{{ keep_rows() }}",
    post_hook="{{ note_turned_offers() }}"
) }}

with rules as (
    select
        *,
        row_number() over (
            partition by source, product_id order by confidence_low desc, with_product_id asc
        ) as place
    from {{ ref("product_pairs") }}
),

sold as (
    select * from {{ ref("int_baskets__products") }}
    where last_day > {{ days_before(week_closed(), setting("basket_rules", "on_sale_days")) }}
),

best_sellers as (
    select
        *,
        row_number() over (partition by category order by baskets desc, source asc, product_id asc) as place
    from sold
    where category <> '(none)'
)

-- So many rules a product and best sellers a category bound what one customer costs.
select
    'bought_together' as reason,
    rules.source,
    rules.product_id as made_from,
    sold.product_id,
    cast(rules.confidence_low as numeric(14, 4)) as score
from rules
inner join sold
    on rules.source = sold.source and rules.with_product_id = sold.product_id
where rules.place <= {{ setting("basket_rules", "rules_per_product") }}
union all
select
    'best_seller_of_category' as reason,
    source,
    category as made_from,
    product_id,
    cast(cast(1 as numeric) / place as numeric(14, 4)) as score
from best_sellers
where place <= {{ setting("basket_rules", "category_products") }}
