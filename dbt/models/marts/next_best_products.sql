{{ config(pre_hook="{{ touch_who_is_offered() }}") }}
{{ touched_model("offered_customers") }}
-- The hook reads it: depends_on: {{ ref("int_customers__favourites") }}

with candidates as (
    select * from {{ ref("int_customers__candidates") }}
),

bought as (
    {{ touched_rows(ref("int_customers__products"), "offered_customers") }}
),

repurchase as (
    select * from {{ ref("int_categories__repurchase") }}
),

products as (
    select * from {{ ref("stg_products") }}
),

-- What a customer has, unless it is bought again and the last one was long enough ago.
owned as (
    select
        bought.customer_key,
        bought.source,
        bought.product_id
    from bought
    left join repurchase
        on bought.source = repurchase.source and bought.category = repurchase.category
    where
        not coalesce(repurchase.is_repurchasable, false)
        or bought.last_day
        > {{ days_before(week_closed(), setting("basket_rules", "repurchase_after_days")) }}
),

offered as (
    select
        candidates.*,
        row_number() over (
            partition by candidates.customer_key
            order by
                candidates.reason desc, candidates.score desc,
                candidates.source asc, candidates.product_id asc
        ) as place
    from candidates
    left join owned
        on
            candidates.customer_key = owned.customer_key
            and candidates.source = owned.source
            and candidates.product_id = owned.product_id
    where owned.customer_key is null
)

select
    offered.customer_key,
    cast(offered.place as integer) as place,
    offered.source,
    offered.product_id,
    products.name as product_name,
    coalesce(products.category, '(none)') as category,
    offered.reason,
    offered.because_of,
    offered.score
from offered
left join products
    on offered.source = products.source and offered.product_id = products.product_id
where offered.place <= {{ setting("basket_rules", "per_customer") }}
