with deliveries as (
    select * from {{ ref("int_deliveries__asked") }}
),

requests as (
    select * from {{ ref("stg_survey_requests") }}
),

promotions as (
    select * from {{ ref("promotion_days") }}
),

rules as (
    select
        {{ setting("survey_rules", "sample_size") }} as sample_size,
        {{ setting("survey_rules", "fatigue_days") }} as fatigue_days,
        {{ setting("survey_rules", "ask_after_days") }} as ask_after_days,
        {{ setting("survey_rules", "ask_within_days") }} as ask_within_days
),

next_day as (
    select cast(min(coming.day) as date) as ask_on
    from {{ series(
        days_after(business_date(), 1),
        days_after(business_date(), setting("survey_rules", "ask_within_days")),
        "day"
    ) }} as coming (day)
    where not exists (
        select 1 from promotions
        where promotions.day = coming.day
    )
),

asked as (
    select
        customer_key,
        max(ask_day) as last_asked_date
    from requests
    group by customer_key
),

served as (
    select
        deliveries.customer_key,
        deliveries.lifecycle,
        deliveries.value_tier,
        next_day.ask_on,
        max(deliveries.delivered_day) as last_delivered_date
    from deliveries
    cross join next_day
    cross join rules
    where
        deliveries.delivered_day >= {{ days_before("next_day.ask_on", "rules.ask_within_days") }}
        and deliveries.delivered_day <= {{ days_before("next_day.ask_on", "rules.ask_after_days") }}
    group by deliveries.customer_key, deliveries.lifecycle, deliveries.value_tier, next_day.ask_on
),

groups as (
    select
        lifecycle,
        value_tier,
        count(*) as people,
        sum(count(*)) over (order by lifecycle, value_tier) as people_so_far,
        sum(count(*)) over () as everybody
    from served
    group by lifecycle, value_tier
),

-- A group has its share of the seats, by rounding along the way, whether its people may be asked or not.
seated as (
    select
        groups.lifecycle,
        groups.value_tier,
        round(rules.sample_size * groups.people_so_far / groups.everybody)
        - round(rules.sample_size * (groups.people_so_far - groups.people) / groups.everybody) as seats
    from groups
    cross join rules
),

-- By a hash, so that the same night asks the same people, and another night others.
rested as (
    select
        served.*,
        asked.last_asked_date,
        row_number() over (
            partition by served.lifecycle, served.value_tier
            order by md5(served.customer_key || served.ask_on), served.customer_key
        ) as seat
    from served
    cross join rules
    left join asked
        on served.customer_key = asked.customer_key
    where
        asked.last_asked_date is null
        or asked.last_asked_date <= {{ days_before("served.ask_on", "rules.fatigue_days") }}
)

select
    rested.customer_key,
    rested.ask_on,
    rested.lifecycle,
    rested.value_tier,
    rested.last_delivered_date,
    rested.last_asked_date
from rested
inner join seated
    on rested.lifecycle = seated.lifecycle and rested.value_tier = seated.value_tier
where rested.seat <= seated.seats
