with fits as (
    select * from {{ source("ops", "cluster_fits") }}
),

sizes as (
    select * from {{ source("ops", "cluster_sizes") }}
),

centres as (
    select * from {{ source("ops", "cluster_centres") }}
),

in_use as (
    select max(as_of) as as_of
    from fits
    where outcome = 'accepted' and as_of <= {{ business_date() }}
)

select
    centres.cluster,
    centres.feature,
    centres.mean,
    centres.deviation,
    centres.centre,
    fits.as_of as fitted_on,
    fits.customers as fitted_of,
    sizes.customers as fitted_customers,
    sizes.silhouette
from centres
inner join in_use
    on centres.as_of = in_use.as_of
inner join fits
    on centres.as_of = fits.as_of
inner join sizes
    on centres.as_of = sizes.as_of and centres.cluster = sizes.cluster
