{{ touched_model("basket_orders", indexes=[["source", "order_id"]]) }}

with baskets as (
    {{ touched_rows(ref("int_baskets"), "basket_orders") }}
)

select
    one.source,
    one.order_id,
    one.product_id,
    other.product_id as with_product_id
from baskets as one
inner join baskets as other
    on
        one.source = other.source
        and one.order_id = other.order_id
        and one.place < other.place
