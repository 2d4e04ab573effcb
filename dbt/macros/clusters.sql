{# The columns of int_customers__features that clusters are made of; seed cluster_features has their words. #}
{% macro cluster_features() -%}
    {{ return(["recency", "frequency", "order_value", "discount", "price_level"]) }}
{%- endmacro %}


{# A centre as one row, with the mean and deviation of each feature in the fit. #}
{% macro features_as_columns() -%}
    {% for feature in cluster_features() -%}
        {% for figure in ["mean", "deviation", "centre"] -%}
            max({{ figure }}) filter (where feature = '{{ feature }}') as {{ feature }}_{{ figure }}{{ "," if not loop.last }}
        {% endfor -%}
        {{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# Of a customer from a centre, along one standardised feature. What cannot be told is taken for the mean, which sets
   nobody apart. #}
{% macro squared_distance(feature) -%}
    {% set mean = "centres." ~ feature ~ "_mean" -%}
    power(
        (coalesce(customers.{{ feature }}, {{ mean }}) - {{ mean }}) / centres.{{ feature }}_deviation
        - centres.{{ feature }}_centre,
        2
    )
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
