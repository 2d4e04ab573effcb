{# A night that works out touched keys finds every relation as the last build left it, made of the same SQL, so it
   fills what is there: dbt would make each one anew under another name, and rename and drop. Wherever everything is
   worked out, or a relation is missing, dbt's own way is taken. #}

{% macro is_to_be_filled() -%}
    {{ return(only_touched() and load_cached_relation(this) is not none) }}
{%- endmacro %}


{# Runs `rows` between the hooks, in one transaction. #}
{% macro filled_by(rows, type="table") -%}
    {{ run_hooks(pre_hooks) }}
    {% call statement("main") -%}
        {{ rows }}
    {%- endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {{ return({"relations": [this.incorporate(type=type)]}) }}
{%- endmacro %}


{% macro inserted_rows() -%}
    {% if config.get("contract").enforced -%}
        insert into {{ this }} ({{ adapter.dispatch('get_column_names', 'dbt')() }}) {{ get_select_subquery(sql) }}
    {%- else -%}
        insert into {{ this }} {{ sql }}
    {%- endif %}
{%- endmacro %}


{% materialization table, adapter="postgres" -%}
    {% if not is_to_be_filled() %}{{ return(dbt.materialization_table_default()) }}{% endif %}
    {{ return(filled_by("truncate " ~ this ~ "; " ~ inserted_rows())) }}
{%- endmaterialization %}


{# What is worked out anew was deleted by a hook. #}
{% materialization incremental, adapter="postgres" -%}
    {% if not is_to_be_filled() %}{{ return(dbt.materialization_incremental_default()) }}{% endif %}
    {{ return(filled_by(inserted_rows())) }}
{%- endmaterialization %}


{% materialization view, adapter="postgres" -%}
    {% if not is_to_be_filled() %}{{ return(dbt.materialization_view_default()) }}{% endif %}
    {{ return(filled_by("create or replace view " ~ this ~ " as " ~ sql, type="view")) }}
{%- endmaterialization %}
