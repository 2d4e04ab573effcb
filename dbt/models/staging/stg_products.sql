{{ config(
    materialized="table",
    pre_hook="{{ keep_rows() }}",
    post_hook="{{ note_renamed_products() }}"
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
