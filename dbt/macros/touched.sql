{# A night works out anew what it touched, and leaves the rest as it stands. `transform/touched/` fills
   the sets of touched keys before dbt begins; these macros are the way to them. docs/architecture.md shows
   their use. #}

{# The kinds of keys and their columns. #}
{% macro touched_kinds() -%}
    {{ return({
        "orders": ["source", "order_id"],
        "refunds": ["source", "refund_id"],
        "answers": ["source", "answer_id"],
        "accounts": ["source", "customer_id"],
        "buyers": ["customer_key"],
        "customers": ["customer_key"],
        "sunday_customers": ["customer_key"],
        "days": ["day"],
        "new_days": ["day"],
        "sale_days": ["day"],
        "sale_months": ["month"],
        "cohort_months": ["month"],
        "books": ["source", "order_id"],
        "book_refunds": ["source", "refund_id"],
        "book_answers": ["source", "answer_id"],
        "judged_orders": ["source", "order_id"],
        "settled_weeks": ["settled_week"],
        "answer_days": ["answer_day"],
        "review_weeks": ["first_day"],
        "tier_days": ["day"],
        "retold_orders": ["source", "order_id"],
        "opinions": ["day", "breakdown"],
        "opinion_periods": ["period", "first_day", "breakdown"],
        "opinion_figures": ["period", "first_day", "breakdown"],
        "opinion_weeks": ["first_day", "breakdown"],
        "opinion_months": ["first_day", "breakdown"],
        "parcels": ["source", "delivery_id"],
        "returns": ["source", "return_id", "line_no"],
        "shipped_orders": ["source", "order_id"],
        "basket_orders": ["source", "order_id"],
        "offered_customers": ["customer_key"],
        "priced_customers": ["customer_key"],
        "clustered_customers": ["customer_key"],
        "watched_orders": ["source", "order_id"],
        "fact_days": ["day"],
        "fact_weeks": ["week"],
        "requests": ["source", "request_id"],
        "ticket_steps": ["source", "event_id"],
        "tickets": ["source", "ticket_id"],
        "voiced_answers": ["source", "answer_id"],
        "cases": ["source", "case_id"],
        "goods_orders": ["source", "order_id"],
        "goods_months": ["month"],
    }) }}
{%- endmacro %}


{# True where this run builds on what the last one left. #}
{% macro only_touched() -%}
    {{ return(var("only_touched", "false") == "true") }}
{%- endmacro %}


{# Stands at the head of a model whose rows are each of one key of `kind`. dbt asks for `on_schema_change` wherever there
   is a contract; another SQL has everything worked out anew. `columns` are the model's names
   of that key. `also` is a query of keys that this model alone must work out anew. `indexes` are lists of
   columns. #}
{% macro touched_model(kind, columns=none, also=none, indexes=[]) -%}
    {% set indexed = [] -%}
    {% for names in indexes -%}
        {% do indexed.append({"columns": names}) -%}
    {% endfor -%}
    {{ config(
        materialized="incremental",
        on_schema_change="fail",
        indexes=indexed,
        meta={"touched": kind, "columns": columns or touched_kinds()[kind]},
        pre_hook=["{{ take_touched() }}", "{{ delete_touched() }}"],
    ) }}
    {%- if also %}{{ config(meta={"touched": kind, "columns": columns or touched_kinds()[kind], "also": also}) }}{% endif %}
{%- endmacro %}


{# Stands at the head of a view whose rows are each of one key of `kind`: its data tests look at the touched ones. #}
{% macro touched_view(kind) -%}
    {{ config(materialized="view", meta={"touched": kind, "columns": touched_kinds()[kind]}) }}
{%- endmacro %}


{# The table of touched keys. A mart has one of its own: publication compares its keys, and empties it. #}
{% macro touched_set(kind) -%}
    {%- if model.resource_type == "model" and model.schema == "candidate" and model.config.meta.touched == kind -%}
        staging.touched__{{ model.name }}
    {%- else -%}
        staging.touched_{{ kind }}
    {%- endif -%}
{%- endmacro %}


{# The rows of `relation` whose columns `names` are one of `keys`, where they are called `key`; of many rows of a key
   `condition` keeps some, and `what` is wanted of each. Each key is looked up by itself: PostgreSQL expects many of them,
   and would read all of the relation. #}
{% macro rows_of_keys(relation, names, keys, key, condition=none, what="*") -%}
    select of_key.*
    from {{ keys }} as touched
    cross join lateral (
        select {{ what }} from {{ relation }} as whole
        where {% for name in names %}{{ "and " if not loop.first }}whole.{{ name }} = touched.{{ key[loop.index0] }} {% endfor %}
        {{ "and " ~ condition if condition }}
        offset 0
    ) as of_key
{%- endmacro %}


{# All rows of `relation`, or those of the touched keys; `columns` are the relation's names of the key. #}
{% macro touched_rows(relation, kind, columns=none, condition=none) -%}
    {% set key = touched_kinds()[kind] -%}
    {% if only_touched() -%}
        {{ rows_of_keys(relation, columns or key, touched_set(kind), key, condition) }}
    {%- else -%}
        select * from {{ relation }}
        {{ "where " ~ condition if condition }}
    {%- endif %}
{%- endmacro %}


{# The same of `relation`'s rows with a day in a touched month of `kind`. #}
{% macro rows_of_touched_months(relation, kind, day) -%}
    {% if only_touched() -%}
        select of_month.*
        from {{ touched_set(kind) }} as touched
        cross join lateral (
            select * from {{ relation }} as whole
            where whole.{{ day }} between touched.month and {{ period_end("month", "touched.month") }}
            offset 0
        ) as of_month
    {%- else -%}
        select * from {{ relation }}
    {%- endif %}
{%- endmacro %}


{# The rows of CTE `relation` that have the keys of CTE `keys`, where the CTE is read once: for few keys of many. #}
{% macro looked_up(relation, keys, columns) -%}
    {{ rows_of_keys(relation, columns, "(select distinct " ~ columns | join(", ") ~ " from " ~ keys ~ ")", columns) }}
{%- endmacro %}


{# The same where only the touched ones are worked out, as whoever judges a touched key need not be touched. Else all,
   for a join. #}
{% macro rows_of(relation, keys, columns) -%}
    {% if only_touched() -%}
        {{ looked_up(relation, keys, columns) }}
    {%- else -%}
        select * from {{ relation }}
    {%- endif %}
{%- endmacro %}


{# A condition: the columns are a touched key, or everything is worked out anew. #}
{% macro touched_filter(kind, columns=none) -%}
    {% if only_touched() -%}
        ({{ (columns or touched_kinds()[kind]) | join(", ") }}) in (
            select {{ touched_kinds()[kind] | join(", ") }} from {{ touched_set(kind) }}
        )
    {%- else -%}
        true
    {%- endif %}
{%- endmacro %}


{% macro own_touched_set(kind) -%}
    create unlogged table if not exists {{ touched_set(kind) }} (like staging.touched_{{ kind }} including indexes)
{%- endmacro %}


{# Before the model: keep the touched keys of a mart until it is published. #}
{% macro take_touched() -%}
    {% set meta = model.config.meta -%}
    {% if only_touched() and model.schema == "candidate" -%}
        {{ own_touched_set(meta.touched) }};
        insert into {{ touched_set(meta.touched) }}
        select * from staging.touched_{{ meta.touched }}
        {{ ("union " ~ render(meta.also)) if meta.also }}
        on conflict do nothing;
        analyze {{ touched_set(meta.touched) }};
    {%- endif %}
{%- endmacro %}


{# Before the model: its rows as they stood, in `kept_rows`, to see which of them turn. #}
{% macro keep_rows() -%}
    {% if only_touched() -%}
        create temp table kept_rows on commit drop as select * from {{ this }}
    {%- endif %}
{%- endmacro %}


{# The same of a touched model: those that are worked out anew. #}
{% macro keep_touched_rows() -%}
    {% if only_touched() -%}
        create temp table kept_rows on commit drop as
        {{ touched_rows(this, model.config.meta.touched, model.config.meta.columns) }}
    {%- endif %}
{%- endmacro %}


{# After it: `columns` of the rows that turned, without rows of before and after that do not meet `condition`. #}
{% macro turned_rows(columns="*", condition="true") -%}
    {% set meta = model.config.meta -%}
    {% set now = "(" ~ touched_rows(this, meta.touched, meta.columns) ~ ")" if meta.touched else this -%}
    (
        (
            select {{ columns }} from kept_rows where {{ condition }}
            except
            select {{ columns }} from {{ now }} as now
        )
        union all
        (
            select {{ columns }} from {{ now }} as now where {{ condition }}
            except
            select {{ columns }} from kept_rows
        )
    )
{%- endmacro %}


{# After it: the keys of the rows of which any of `columns` turned, into a set of those. #}
{% macro note_turned(set, keys, columns=keys) -%}
    {% if only_touched() -%}
        insert into staging.touched_{{ set }}
        select distinct {{ keys }}
        from {{ turned_rows(columns) }} as turned
        on conflict do nothing
    {%- endif %}
{%- endmacro %}


{# Before the model: what is worked out anew goes first, so that a key without rows leaves none behind. #}
{% macro delete_touched() -%}
    {% set meta = model.config.meta -%}
    {% set key = touched_kinds()[meta.touched] -%}
    {% if is_incremental() -%}
        delete from {{ this }} where ctid = any(array(
            {{ rows_of_keys(this, meta.columns, touched_set(meta.touched), key, what="ctid") }}
        ));
    {%- endif %}
{%- endmacro %}


{# A test of a model that was built so looks at what was touched; the rest was looked at when it was. #}
{% macro get_where_subquery(relation) -%}
    {% for node in (graph.nodes.values() if execute and only_touched() else [])
        if node.resource_type == "model" and node.name == relation.identifier
        and "touched" in node.config.meta -%}
        {% set kind = node.config.meta.touched -%}
        {% set is_mart = node.schema == "candidate" and node.config.materialized != "view" -%}
        {% set keys = "staging.touched_" ~ ("_" ~ node.name if is_mart else kind) -%}
        {% set found = rows_of_keys(relation, node.config.meta.columns, keys, touched_kinds()[kind]) -%}
        {{ return("(" ~ found ~ ") dbt_subquery") }}
    {% endfor -%}
    {{ return(adapter.dispatch("get_where_subquery", "dbt")(relation)) }}
{%- endmacro %}
