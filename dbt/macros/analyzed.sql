{# After every model and seed that is a table: whoever reads it next plans with what it holds. Autovacuum comes a minute
   later, and a plan without figures may join in memory that there is not. #}
{% macro analyzed() -%}
    {% if execute and model.config.materialized in ("table", "incremental", "seed") -%}
        analyze {{ this }}
    {%- endif %}
{%- endmacro %}
