with customers as (
    select * from {{ ref("customer_clusters") }}
),

centres as (
    select * from {{ ref("stg_cluster_centres") }}
),

names as (
    select * from {{ ref("int_clusters__names") }}
),

counted as (
    select
        cluster,
        count(*) as customers
    from customers
    group by cluster
)

select
    centres.cluster,
    max(names.cluster_name) as cluster_name,
    max(names.cluster_name_zh) as cluster_name_zh,
    cast(coalesce(max(counted.customers), 0) as integer) as customers,
    cast(max(centres.fitted_customers) as integer) as fitted_customers,
    cast(max(centres.silhouette) as numeric(5, 4)) as silhouette,
    {% for feature in cluster_features() -%}
        cast(max(centres.centre) filter (where centres.feature = '{{ feature }}') as numeric(14, 4))
            as {{ feature }},
    {% endfor -%}
    max(centres.fitted_on) as fitted_on
from centres
inner join names
    on centres.cluster = names.cluster
left join counted
    on centres.cluster = counted.cluster
group by centres.cluster
