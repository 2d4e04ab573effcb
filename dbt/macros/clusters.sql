{# The columns of int_customers__features that clusters are made of; seed cluster_features has their words. #}
{% macro cluster_features() -%}
    {{ return(["recency", "frequency", "order_value", "discount", "price_level"]) }}
{%- endmacro %}


{# From a centre along one feature, standardised. What cannot be told is taken for the mean, which sets nobody apart. #}
{% macro squared_distance() -%}
    power((coalesce(features.value, centres.mean) - centres.mean) / centres.deviation - centres.centre, 2)
{%- endmacro %}


{# Before the features: whose features may be other ones. Everybody's are as a week closes. #}
{% macro touch_who_is_clustered() -%}
    {% if only_touched() -%}
        insert into staging.touched_clustered_customers
        select customer_key from staging.touched_buyers
        union
        select customer_key from staging.touched__customer_preferences
        union
        select customer_key from {{ ref("int_customers__orders") }}
        where {{ week_closed() }} in (select day from staging.touched_new_days)
        on conflict do nothing;
        analyze staging.touched_clustered_customers;
    {%- endif %}
{%- endmacro %}


{# Everybody, where the centres may be other ones than they were assigned to: those of another date, or of a date that
   was built since. #}
{% macro clusters_that_turned() -%}
    select customer_key
    from {{ ref("int_customers__features") }}
    where (select max(fitted_on) from {{ ref("stg_cluster_centres") }})
        >= (select coalesce({{ days_after("min(day)", -1) }}, {{ business_date() }}) from staging.touched_new_days)
    union
    select customer_key
    from {{ this }}
    where fitted_on is distinct from (select max(fitted_on) from {{ ref("stg_cluster_centres") }})
{%- endmacro %}
