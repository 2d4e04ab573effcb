with deliveries as (
    select * from {{ ref("int_deliveries__parts") }}
    where day <= {{ business_date() }} and review_score is not null
),

-- Each delivery is read once, whatever it is a part of.
scores as (
    select
        carrier,
        delivery_region,
        seller_id,
        is_late,
        count(*) as n,
        sum(review_score) as total,
        sum(review_score * review_score) as squares
    from deliveries
    group by carrier, delivery_region, seller_id, is_late
),

parts as (
    select
        'all' as part,
        'all' as part_name,
        is_late,
        n,
        total,
        squares
    from scores
    union all
    select
        'carrier' as part,
        carrier as part_name,
        is_late,
        n,
        total,
        squares
    from scores
    union all
    select
        'region' as part,
        delivery_region as part_name,
        is_late,
        n,
        total,
        squares
    from scores
    union all
    select
        'seller' as part,
        seller_id as part_name,
        is_late,
        n,
        total,
        squares
    from scores
),

sums as (
    select
        part,
        part_name,
        coalesce(sum(n) filter (where is_late), 0) as late_n,
        coalesce(sum(total) filter (where is_late), 0) as late_sum,
        coalesce(sum(squares) filter (where is_late), 0) as late_squares,
        coalesce(sum(n) filter (where not is_late), 0) as timely_n,
        coalesce(sum(total) filter (where not is_late), 0) as timely_sum,
        coalesce(sum(squares) filter (where not is_late), 0) as timely_squares
    from parts
    group by part, part_name
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
