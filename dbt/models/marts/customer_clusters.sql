{{ touched_model("clustered_customers", also="{{ clusters_that_turned() }}") }}

with customers as (
    {{ touched_rows(ref("int_customers__features"), "clustered_customers") }}
),

centres as (
    select
        cluster,
        fitted_on,
        {{ features_as_columns() }}
    from {{ ref("stg_cluster_centres") }}
    group by cluster, fitted_on
),

names as (
    select * from {{ ref("int_clusters__names") }}
),

distances as (
    select
        customers.customer_key,
        centres.cluster,
        centres.fitted_on,
        sqrt(
            {% for feature in cluster_features() -%}
                {{ squared_distance(feature) }}{{ " +" if not loop.last }}
            {% endfor %}
        ) as distance
    from customers
    cross join centres
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
