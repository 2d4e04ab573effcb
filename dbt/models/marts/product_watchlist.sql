with facts as (
    select * from {{ ref("int_watchlist__facts") }}
),

rules as (
    select * from {{ ref("watchlist_rules") }}
),

-- What is usual where the goods belong; for a category as small as one product it is that product's own.
priors as (
    select
        reason,
        category,
        sum(bad) / sum(n) as share
    from facts
    group by reason, category
),

parts as (
    select
        'product' as kind,
        source,
        product_id as subject_id,
        reason,
        category,
        sum(n) as n,
        sum(bad) as bad
    from facts
    group by source, product_id, reason, category
    union all
    select
        'seller' as kind,
        source,
        seller_id as subject_id,
        reason,
        category,
        sum(n) as n,
        sum(bad) as bad
    from facts
    where seller_id <> 'unstated'
    group by source, seller_id, reason, category
),

-- Summed as exact numbers: the last digit of others would follow the order of the rows.
sums as (
    select
        parts.kind,
        parts.source,
        parts.subject_id,
        parts.reason,
        rules.reason_zh,
        rules.prior_strength,
        rules.min_z,
        cast(sum(parts.n) as double precision) as n,
        cast(sum(parts.bad) as double precision) as bad,
        cast(sum(parts.n * priors.share) / sum(parts.n) as double precision) as usual
    from parts
    inner join priors
        on parts.reason = priors.reason and parts.category = priors.category
    inner join rules
        on parts.reason = rules.reason
    group by
        parts.kind, parts.source, parts.subject_id, parts.reason,
        rules.reason_zh, rules.prior_strength, rules.min_z, rules.min_n
    having sum(parts.n) >= rules.min_n
),

shrunk as (
    select
        *,
        (bad + prior_strength * usual) / (n + prior_strength) as posterior
    from sums
    where usual > 0 and usual < 1
),

measured as (
    select
        *,
        (posterior - usual) / sqrt(posterior * (1 - posterior) / (n + prior_strength + 1)) as z
    from shrunk
),

listed as (
    select
        *,
        max(z) over (partition by kind, source, subject_id) as highest_z
    from measured
    where z >= min_z
)

select
    kind,
    source,
    subject_id,
    reason,
    reason_zh,
    cast(
        dense_rank() over (partition by kind order by highest_z desc, source asc, subject_id asc) as integer
    ) as place,
    cast(n as integer) as n,
    cast(bad as numeric(12, 2)) as bad,
    cast(bad / n as numeric(10, 4)) as share,
    cast(usual as numeric(10, 4)) as usual_share,
    cast(posterior as numeric(10, 4)) as shrunk_share,
    cast(z as numeric(10, 2)) as z
from listed
