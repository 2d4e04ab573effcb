{# After every model and seed that is a table: whoever reads it next plans with what it holds. Autovacuum comes a minute
   later, and a plan without figures may join in memory that there is not. #}
{% macro analyzed() -%}
    {% if execute and model.config.materialized in ("table", "incremental", "seed") -%}
        {% if model.config.materialized == "incremental" and is_to_be_filled() -%}
            {{ analyzed_once_grown() }}
        {%- else -%}
            analyze {{ this }}
        {%- endif %}
    {%- endif %}
{%- endmacro %}


{# A night adds little to what a touched model holds, whose figures hold as long as it has not grown by a tenth.
   PostgreSQL's way. #}
{% macro analyzed_once_grown() -%}
    do $$
    begin
        if (
            select pg_relation_size(oid) > 1.1 * relpages * cast(current_setting('block_size') as integer)
            from pg_class
            where oid = '{{ this }}'::regclass
        ) then
            analyze {{ this }};
        end if;
    end
    $$
{%- endmacro %}
