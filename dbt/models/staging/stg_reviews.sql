with reviews as (
    {{ newest(source("raw", "reviews"), ["review_id", "order_id"]) }}
),

final as (
    select
        _source as source,
        review_id,
        order_id,
        product_id,
        score,
        created_at,
        {{ local_day("created_at") }} as review_day,
        answered_at
    from reviews
)

select * from final
where review_day <= {{ business_date() }}
