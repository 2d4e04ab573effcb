{{ touched_model("goods_months", indexes=[["month"]]) }}

with lines as (
    {{ touched_rows(ref("int_watchlist__lines"), "goods_months") }}
)

select
    month,
    source,
    product_id,
    seller_id,
    category,
    cast(count(*) as integer) as lines,
    cast(sum(reviews) as integer) as reviews,
    sum(low_score) as low_score,
    cast(count(*) filter (where is_returned) as integer) as returned,
    cast(count(*) filter (where is_complained_of) as integer) as complained_of
from lines
group by month, source, product_id, seller_id, category
