{# The columns of int_customers__features that clusters are made of; seed cluster_features has their words. #}
{% macro cluster_features() -%}
    {{ return(["recency", "frequency", "order_value", "discount", "price_level"]) }}
{%- endmacro %}
