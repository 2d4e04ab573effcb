with deliveries as (
    select * from {{ ref("int_deliveries__parts") }}
    where day <= {{ business_date() }} and review_score is not null
),

-- Each delivery is read once, whatever it is a part of. No carrier, region or seller is null.
sums as (
    select
        case
            when carrier is not null then 'carrier'
            when delivery_region is not null then 'region'
            when seller_id is not null then 'seller'
            else 'all'
        end as part,
        coalesce(carrier, delivery_region, seller_id, 'all') as part_name,
        count(*) filter (where is_late) as late_n,
        coalesce(sum(review_score) filter (where is_late), 0) as late_sum,
        coalesce(sum(review_score * review_score) filter (where is_late), 0) as late_squares,
        count(*) filter (where not is_late) as timely_n,
        coalesce(sum(review_score) filter (where not is_late), 0) as timely_sum,
        coalesce(sum(review_score * review_score) filter (where not is_late), 0) as timely_squares
    from deliveries
    group by grouping sets ((), (carrier), (delivery_region), (seller_id))
),

varied as (
    select
        *,
        cast(late_sum as double precision) / late_n
        - cast(timely_sum as double precision) / timely_n as difference,
        {{ mean_variance("late_n", "late_sum", "late_squares") }} as late_variance,
        {{ mean_variance("timely_n", "timely_sum", "timely_squares") }} as timely_variance,
        {{ setting("delivery_rules", "z") }} as z
    from sums
    where least(late_n, timely_n) >= {{ setting("delivery_rules", "min_reviews") }}
),

estimated as (
    select
        *,
        {{ student(
            "z", welch_freedom("late_variance", "late_n", "timely_variance", "timely_n")
        ) }} * sqrt(late_variance + timely_variance) as margin
    from varied
    -- Where nobody differs from anybody nothing can be said of the error.
    where late_variance + timely_variance > 0
)

select
    part,
    part_name,
    cast(late_n as integer) as late_n,
    cast(late_sum as integer) as late_sum,
    cast(timely_n as integer) as timely_n,
    cast(timely_sum as integer) as timely_sum,
    cast(difference as numeric(10, 4)) as difference,
    cast(difference - margin as numeric(10, 4)) as ci_low,
    cast(difference + margin as numeric(10, 4)) as ci_high
from estimated
