with months as (
    select * from {{ ref("int_watchlist__monthly") }}
),

sums as (
    select
        source,
        product_id,
        seller_id,
        category,
        sum(lines) as lines,
        sum(reviews) as reviews,
        sum(low_score) as low_score,
        sum(returned) as returned,
        sum(complained_of) as complained_of
    from months
    group by source, product_id, seller_id, category
)

select
    facts.reason,
    sums.source,
    sums.product_id,
    sums.seller_id,
    sums.category,
    cast(facts.n as integer) as n,
    cast(facts.bad as numeric(18, 6)) as bad
from sums
cross join
    lateral (
        values
        ('low_score', sums.reviews, sums.low_score),
        ('returned', sums.lines, cast(sums.returned as numeric)),
        ('complaint', sums.lines, cast(sums.complained_of as numeric))
    ) as facts (reason, n, bad)
where facts.n > 0
