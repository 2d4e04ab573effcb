{{ config(
    materialized="table",
    pre_hook="{{ keep_rows() }}",
    post_hook="{{ note_turned('named_products', 'source, product_id', 'source, product_id, name, category') }}"
) }}

with products as (
    {{ newest(source("raw", "products"), ["product_id"]) }}
)

select
    _source as source,
    product_id,
    name,
    category
from products
