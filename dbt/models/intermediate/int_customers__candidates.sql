{{ config(materialized="view") }}

with bought as (
    {{ touched_rows(ref("int_customers__products"), "offered_customers") }}
),

favourites as (
    {{ touched_rows(ref("int_customers__favourites"), "offered_customers") }}
),

offers as (
    select * from {{ ref("int_offers") }}
),

from_rules as (
    select distinct on (bought.customer_key, offers.source, offers.product_id)
        bought.customer_key,
        offers.source,
        offers.product_id,
        offers.reason,
        bought.product_id as because_of,
        offers.score
    from bought
    inner join offers
        on bought.source = offers.source and bought.product_id = offers.made_from
    where
        offers.reason = 'bought_together'
        and {{ is_of_late("bought.place") }}
    order by
        bought.customer_key asc, offers.source asc, offers.product_id asc,
        offers.score desc, bought.product_id asc
),

from_category as (
    select
        favourites.customer_key,
        offers.source,
        offers.product_id,
        offers.reason,
        cast(null as text) as because_of,
        offers.score
    from favourites
    inner join offers
        on favourites.category = offers.made_from
    where offers.reason = 'best_seller_of_category'
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
