with baskets as (
    select * from {{ ref("int_baskets") }}
    where place = 1
),

pairs as (
    select * from {{ ref("int_baskets__pairs") }}
),

products as (
    select * from {{ ref("int_baskets__products") }}
    where is_popular
),

totals as (
    select
        source,
        count(*) as all_baskets
    from baskets
    group by source
),

-- Counted one way: the other way it is as many.
counted as (
    select
        source,
        product_id,
        with_product_id,
        count(*) as together
    from pairs
    group by source, product_id, with_product_id
    having count(*) >= {{ setting("basket_rules", "min_pair_baskets") }}
),

both_ways as (
    select
        source,
        product_id,
        with_product_id,
        together
    from counted
    union all
    select
        source,
        with_product_id as product_id,
        product_id as with_product_id,
        together
    from counted
),

paired as (
    select
        both_ways.*,
        bought.baskets,
        other.baskets as with_baskets
    from both_ways
    inner join products as bought
        on both_ways.source = bought.source and both_ways.product_id = bought.product_id
    inner join products as other
        on both_ways.source = other.source and both_ways.with_product_id = other.product_id
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
