{# Who is offered something else tonight. #}

{# What goes with a product is offered to who bought it among their last ones. #}
{% macro is_of_late(place) -%}
    {{ place }} <= {{ setting("basket_rules", "recent_products") }}
{%- endmacro %}


{# After a model that offers are made by: which of its rows turned. `columns` give `reason`, `source` and `made_from`. #}
{% macro note_turned_offers(columns="*") -%}
    {{ note_turned("offers", "reason, source, made_from", columns) }}
{%- endmacro %}


{# Before the offers: everybody as a week closes; else who bought, or bought of, or likes what these are made from, and
   who is offered a product that has another name. Those that an unpublished build found are worked out again, so the view
   that they are read from must have them. #}
{% macro touch_who_is_offered() -%}
    {% if only_touched() -%}
        {{ own_touched_set("offered_customers") }};
        insert into staging.touched_offered_customers
        select customer_key from staging.touched_buyers
        union
        select customer_key from {{ touched_set("offered_customers") }}
        union
        select customer_key from {{ ref("int_customers__favourites") }}
        where {{ week_closed() }} in (select day from staging.touched_new_days)
        union
        select customer_key
        from {{ ref("int_customers__products") }}
        where
            {{ is_of_late("place") }}
            and (source, product_id) in (
                select source, made_from from staging.touched_offers where reason = 'bought_together'
            )
        union
        select customer_key
        from {{ ref("int_customers__products") }}
        where (source, category) in (
            select source, made_from from staging.touched_offers where reason = 'repurchasable'
        )
        union
        select favourites.customer_key
        from {{ ref("int_customers__favourites") }} as favourites
        inner join staging.touched_offers as turned
            on turned.reason = 'best_seller_of_category' and favourites.category = turned.made_from
        union
        select customer_key
        from {{ this }}
        where (source, product_id) in (select source, product_id from staging.touched_named_products)
        on conflict do nothing;
        analyze staging.touched_offered_customers;
    {%- endif %}
{%- endmacro %}
