{{ touched_model("buyers", also="{{ price_levels_that_turned() }}") }}

with lines as (
    {{ touched_rows(ref("int_customers__lines"), "buyers") }}
),

levels as (
    {{ touched_rows(ref("int_customers__price_levels"), "buyers") }}
),

favourites as (
    select
        customer_key,
        {{ favourite("category", "category", "min_lines") }} as favourite_category,
        {{ favourite_share("category", "min_lines") }} as category_share,
        {{ favourite("channel", "channel", "min_orders") }} as preferred_channel,
        {{ favourite_share("channel", "min_orders") }} as channel_share,
        {{ favourite("weekday", "weekday", "min_orders") }} as habit_weekday,
        {{ favourite_share("weekday", "min_orders") }} as weekday_share,
        {{ favourite("day_part", "day_part", "min_orders") }} as habit_day_part,
        {{ favourite_share("day_part", "min_orders") }} as day_part_share,
        {{ favourite("payment", "payment", "min_orders") }} as preferred_payment,
        {{ favourite_share("payment", "min_orders") }} as payment_share
    from ({{ touched_rows(ref("int_customers__favourites"), "buyers") }}) as choices
),

bought as (
    select
        lines.*,
        {{ shown_price_level("levels") }} as price_level
    from lines
    left join levels
        on lines.customer_key = levels.customer_key
),

judged as (
    select
        bought.*,
        cast(bought.discounted_lines as numeric) / bought.lines as discount_share,
        bought.lines >= {{ setting("preference_rules", "min_lines") }} as is_enough
    from bought
),

banded as (
    select
        *,
        case
            when price_level < {{ setting("preference_rules", "low_price_below") }} then 'low'
            when price_level >= {{ setting("preference_rules", "high_price_from") }} then 'high'
            when price_level is not null then 'middle'
        end as price_band,
        case
            when not is_enough then null
            when discount_share >= {{ setting("preference_rules", "often_from") }} then 'fond'
            when discount_share < {{ setting("preference_rules", "seldom_below") }} then 'seldom'
            else 'sometimes'
        end as discount_affinity
    from judged
),

names as (
    select * from {{ ref("preference_names") }}
)

select
    banded.customer_key,
    banded.orders,
    banded.lines,
    banded.categories,
    favourites.favourite_category,
    cast(favourites.category_share as numeric(5, 4)) as category_share,
    banded.price_level,
    banded.price_band,
    band_names.word_zh as price_band_zh,
    favourites.preferred_channel,
    cast(favourites.channel_share as numeric(5, 4)) as channel_share,
    cast(favourites.habit_weekday as integer) as habit_weekday,
    cast(favourites.weekday_share as numeric(5, 4)) as weekday_share,
    favourites.habit_day_part,
    cast(favourites.day_part_share as numeric(5, 4)) as day_part_share,
    favourites.preferred_payment,
    cast(favourites.payment_share as numeric(5, 4)) as payment_share,
    banded.discounted_lines,
    cast(case when banded.is_enough then banded.discount_share end as numeric(5, 4)) as discount_share,
    banded.discount_affinity,
    affinity_names.word_zh as discount_affinity_zh
from banded
left join favourites
    on banded.customer_key = favourites.customer_key
left join names as band_names
    on banded.price_band = band_names.word
left join names as affinity_names
    on banded.discount_affinity = affinity_names.word
