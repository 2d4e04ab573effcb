with segments as (
    select * from {{ ref("rfm_segments") }}
),

tiers as (
    select * from {{ ref("value_tiers") }}
),

monetary as (
    select distinct recency_score as monetary_score from segments
),

scores as (
    select
        segments.*,
        monetary.monetary_score
    from segments
    cross join monetary
),

earned as (
    select
        scores.*,
        tiers.tier,
        tiers.tier_zh,
        row_number() over (
            partition by scores.recency_score, scores.frequency_score, scores.monetary_score
            order by tiers.place
        ) = 1 as is_first
    from scores
    inner join tiers
        on
            scores.recency_score >= tiers.min_recency_score
            and scores.frequency_score >= tiers.min_frequency_score
            and scores.monetary_score >= tiers.min_monetary_score
)

select
    recency_score,
    frequency_score,
    monetary_score,
    segment,
    segment_zh,
    tier,
    tier_zh
from earned
where is_first
