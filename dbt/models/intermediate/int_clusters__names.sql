with centres as (
    select * from {{ ref("stg_cluster_centres") }}
),

features as (
    select * from {{ ref("cluster_features") }}
),

ranked as (
    select
        centres.cluster,
        centres.feature,
        centres.centre,
        row_number() over (
            partition by centres.cluster order by abs(centres.centre) desc, centres.feature asc
        ) as place
    from centres
),

-- What stands out gives the words, most first; where nothing does, the row `none` does.
telling as (
    select
        ranked.cluster,
        ranked.place,
        case when ranked.centre > 0 then features.high else features.low end as word,
        case when ranked.centre > 0 then features.high_zh else features.low_zh end as word_zh
    from ranked
    inner join features
        on
            features.feature = case
                when abs(ranked.centre) >= {{ setting("cluster_rules", "standout") }} then ranked.feature
                when ranked.place = 1 then 'none'
            end
    where ranked.place <= {{ setting("cluster_rules", "name_features") }}
),

named as (
    select
        cluster,
        string_agg(word, ', ' order by place) as cluster_name,
        string_agg(word_zh, '、' order by place) as cluster_name_zh
    from telling
    group by cluster
)

select
    cluster,
    cluster_name || case when count(*) over (partition by cluster_name) > 1 then ' ' || cluster else '' end
        as cluster_name,
    cluster_name_zh
    || case when count(*) over (partition by cluster_name_zh) > 1 then ' ' || cluster else '' end
        as cluster_name_zh
from named
