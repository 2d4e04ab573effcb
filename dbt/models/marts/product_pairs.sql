with baskets as {{ inlined() }} (
    select * from {{ ref("int_baskets") }}
),

totals as (
    select
        source,
        count(distinct order_id) as all_baskets
    from baskets
    group by source
),

paired as (
    select
        bought.source,
        bought.product_id,
        other.product_id as with_product_id,
        max(bought.baskets) as baskets,
        max(other.baskets) as with_baskets,
        count(*) as together
    from baskets as bought
    inner join baskets as other
        on
            bought.source = other.source
            and bought.order_id = other.order_id
            and bought.product_id <> other.product_id
    where bought.is_popular and other.is_popular
    group by bought.source, bought.product_id, other.product_id
    having count(*) >= {{ setting("basket_rules", "min_pair_baskets") }}
),

measured as (
    select
        paired.*,
        totals.all_baskets,
        cast(paired.together as numeric) * totals.all_baskets
        / (paired.baskets * paired.with_baskets) as lift,
        cast({{ setting("basket_rules", "z") }} as double precision) as z
    from paired
    inner join totals
        on paired.source = totals.source
)

select
    source,
    product_id,
    with_product_id,
    cast(all_baskets as integer) as all_baskets,
    baskets,
    with_baskets,
    cast(together as integer) as baskets_together,
    cast(cast(together as numeric) / all_baskets as numeric(9, 8)) as support,
    cast(cast(together as numeric) / baskets as numeric(5, 4)) as confidence,
    {{ wilson("together", "baskets", "z", "low") }} as confidence_low,
    cast(lift as numeric(14, 4)) as lift
from measured
where lift >= {{ setting("basket_rules", "min_lift") }}
