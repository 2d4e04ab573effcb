{# What a profile is put together from, of people who are not touched themselves. #}

{# People of whom a mart that the profile shows is worked out anew, or whose cluster, flags or consents turned. #}
{% macro profiles_that_turned() -%}
    {% for mart in ["customer_segments", "customer_value", "customer_preferences", "next_best_products"] -%}
        select customer_key from staging.touched__{{ mart }}
        union
    {% endfor -%}
    select stood.customer_key
    from {{ this }} as stood
    left join {{ ref("customer_clusters") }} as clustered
        on stood.customer_key = clustered.customer_key
    inner join {{ ref("int_customers__allowed") }} as allowed
        on stood.customer_key = allowed.customer_key
    where
        stood.cluster_name is distinct from clustered.cluster_name
        or stood.cluster_name_zh is distinct from clustered.cluster_name_zh
        or {{ any_turned("int_customers__allowed", "stood", "allowed") }}
{%- endmacro %}
