{{ config(
    pre_hook="{{ keep_rows() }}",
    post_hook="{{ note_turned_offers(\"'repurchasable' as reason, source, category as made_from, is_repurchasable\") }}"
) }}

with bought as (
    select * from {{ ref("int_customers__products") }}
)

select
    source,
    category,
    cast(count(*) as integer) as buyers,
    cast(count(*) filter (where orders > 1) as integer) as repeat_buyers,
    count(*) >= {{ setting("basket_rules", "min_repurchase_buyers") }}
    and count(*) filter (where orders > 1) >= count(*) * {{ setting("basket_rules", "min_repurchase_share") }}
        as is_repurchasable
from bought
group by source, category
