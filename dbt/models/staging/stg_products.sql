{{ config(materialized="table") }}

with products as (
    {{ newest(source("raw", "products"), ["product_id"]) }}
)

select
    _source as source,
    product_id,
    name,
    category
from products
