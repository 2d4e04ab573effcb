{{ touched_model("clustered_customers", also="{{ clusters_that_turned() }}") }}

with customers as (
    {{ touched_rows(ref("int_customers__features"), "clustered_customers") }}
),

features as (
    select
        customers.customer_key,
        long.feature,
        long.value
    from customers
    cross join lateral (
        values
        {% for feature in cluster_features() -%}
            ('{{ feature }}', customers.{{ feature }}){{ "," if not loop.last }}
        {% endfor %}
    ) as long (feature, value)
),

centres as (
    select * from {{ ref("stg_cluster_centres") }}
),

names as (
    select * from {{ ref("int_clusters__names") }}
),

distances as (
    select
        features.customer_key,
        centres.cluster,
        centres.fitted_on,
        sqrt(sum({{ squared_distance() }})) as distance
    from features
    inner join centres
        on features.feature = centres.feature
    group by features.customer_key, centres.cluster, centres.fitted_on
),

nearest as (
    select distinct on (customer_key) *
    from distances
    order by customer_key asc, distance asc, cluster asc
)

select
    nearest.customer_key,
    nearest.cluster,
    names.cluster_name,
    names.cluster_name_zh,
    nearest.fitted_on
from nearest
inner join names
    on nearest.cluster = names.cluster
