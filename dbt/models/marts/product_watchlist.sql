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

subjects as (
    select
        'product' as kind,
        facts.source,
        facts.product_id as subject_id,
        facts.reason,
        facts.n,
        facts.bad,
        priors.share
    from facts
    inner join priors
        on facts.reason = priors.reason and facts.category = priors.category
    union all
    select
        'seller' as kind,
        facts.source,
        facts.seller_id as subject_id,
        facts.reason,
        facts.n,
        facts.bad,
        priors.share
    from facts
    inner join priors
        on facts.reason = priors.reason and facts.category = priors.category
    where facts.seller_id <> 'unstated'
),

sums as (
    select
        subjects.kind,
        subjects.source,
        subjects.subject_id,
        subjects.reason,
        rules.reason_zh,
        rules.prior_strength,
        rules.min_z,
        sum(subjects.n) as n,
        sum(subjects.bad) as bad,
        sum(subjects.n * subjects.share) / sum(subjects.n) as usual
    from subjects
    inner join rules
        on subjects.reason = rules.reason
    group by
        subjects.kind, subjects.source, subjects.subject_id, subjects.reason,
        rules.reason_zh, rules.prior_strength, rules.min_z, rules.min_n
    having sum(subjects.n) >= rules.min_n
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
