create table satisfaction_daily as
with labelled as (
    select answers.*, 'all' as breakdown, 'all' as subject from answers
    union all
    select answers.*, 'channel', coalesce(orders.channel, '(none)')
    from answers
    inner join orders on orders.order_id = answers.order_id
    union all
    select answers.*, 'product', parts.product_id
    from answers
    inner join (select distinct order_id, product_id from order_parts) as parts on parts.order_id = answers.order_id
    union all
    select answers.*, 'category', parts.category
    from answers
    inner join (select distinct order_id, category from order_parts) as parts on parts.order_id = answers.order_id
    union all
    select answers.*, 'seller', parts.seller_id
    from answers
    inner join (select distinct order_id, seller_id from order_parts) as parts on parts.order_id = answers.order_id
),

judged as (
    select
        *,
        score >= case metric when 'nps' then 9 when 'ces' then 5 else 4 end as is_positive,
        score <= case metric when 'nps' then 6 when 'ces' then 3 else 2 end as is_negative
    from labelled
)

select
    day,
    metric,
    breakdown,
    subject,
    count(*) as n,
    sum(score) as score_sum,
    sum(score * score) as score_sum_sq,
    sum(case when is_positive then 1 else 0 end) as positive,
    sum(case when is_negative then 1 else 0 end) as negative
from judged
group by day, metric, breakdown, subject
