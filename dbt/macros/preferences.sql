{# The first choice of a dimension, how often it was chosen, and all choices of the dimension. #}
{% macro first_choice(dimension) -%}
    max(choice) filter (where dimension = '{{ dimension }}') as {{ dimension }},
    cast(max(n) filter (where dimension = '{{ dimension }}') as integer) as {{ dimension }}_n,
    cast(max(total) filter (where dimension = '{{ dimension }}') as integer) as {{ dimension }}_total
{%- endmacro %}


{# Before the price levels: whoever bought, or has bought what ranks otherwise. #}
{% macro touch_whose_prices_turned() -%}
    {% if only_touched() -%}
        insert into {{ touched_set("priced_customers") }}
        select customer_key from {{ touched_set("buyers") }}
        union
        select customer_key
        from {{ ref("int_customers__products") }}
        where (source, product_id) in (select source, product_id from staging.touched_priced_products)
        on conflict do nothing;
        analyze {{ touched_set("priced_customers") }};
    {%- endif %}
{%- endmacro %}


{# Of somebody with enough lines in `levels`, to the digits that bands are told by. #}
{% macro shown_price_level(levels) -%}
    cast(
        case
            when {{ levels }}.ranked_lines >= {{ setting("preference_rules", "min_lines") }} then {{ levels }}.price_level
        end as numeric(5, 4)
    )
{%- endmacro %}


{# People whose price level turned though they bought nothing: that of their products did. #}
{% macro price_levels_that_turned() -%}
    select stood.customer_key
    from staging.touched_priced_customers as priced
    inner join {{ this }} as stood
        on priced.customer_key = stood.customer_key
    left join {{ ref("int_customers__price_levels") }} as levels
        on stood.customer_key = levels.customer_key
    where stood.price_level is distinct from {{ shown_price_level("levels") }}
{%- endmacro %}


{# The first choice of a dimension, or a figure of it, where the customer made enough and likes it enough. #}
{% macro favourite(dimension, value, least) -%}
    case
        when
            {{ dimension }}_total >= {{ setting("preference_rules", least) }}
            and {{ dimension }}_n >= {{ dimension }}_total * {{ setting("preference_rules", "min_share") }}
            then {{ value }}
    end
{%- endmacro %}


{# Its share of all choices of the dimension. #}
{% macro favourite_share(dimension, least) -%}
    {{ favourite(dimension, "cast(" ~ dimension ~ "_n as numeric) / " ~ dimension ~ "_total", least) }}
{%- endmacro %}
