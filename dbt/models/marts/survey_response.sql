with deliveries as (
    select * from {{ ref("int_deliveries__asked") }}
),

rules as (
    select
        {{ setting("survey_rules", "recent_days") }} as recent_days,
        {{ setting("survey_rules", "answer_days") }} as answer_days,
        {{ setting("survey_rules", "min_answers") }} as min_answers,
        cast({{ setting("survey_rules", "z") }} as double precision) as z
),

recent as (
    select deliveries.*
    from deliveries
    cross join rules
    where
        deliveries.delivered_day > {{ days_after(business_date(), "-rules.recent_days") }}
        and deliveries.delivered_day <= {{ days_after(business_date(), "-rules.answer_days") }}
),

labelled as (
    select
        recent.*,
        kinds.breakdown,
        case kinds.breakdown
            when 'punctuality' then recent.punctuality
            when 'channel' then recent.channel
            when 'tier' then recent.value_tier
            when 'lifecycle' then recent.lifecycle
            else 'all'
        end as subject
    from recent
    cross join (values ('all'), ('punctuality'), ('channel'), ('tier'), ('lifecycle')) as kinds (breakdown)
),

counted as (
    select
        breakdown,
        subject,
        cast(count(*) as integer) as deliveries,
        nullif(cast(count(*) filter (where is_asked) as integer), 0) as asked,
        cast(count(*) filter (where is_answered) as integer) as answered,
        cast(sum(count(*)) over (partition by breakdown) as integer) as all_deliveries,
        cast(nullif(
            sum(count(*) filter (where is_answered)) over (partition by breakdown), 0
        ) as integer) as all_answered
    from labelled
    group by breakdown, subject
),

shared as (
    select
        counted.*,
        rules.min_answers,
        {{ wilson("counted.answered", "counted.asked", "rules.z", "low") }} as response_low,
        {{ wilson("counted.answered", "counted.asked", "rules.z", "high") }} as response_high,
        cast(cast(counted.deliveries as numeric) / counted.all_deliveries as numeric(10, 4)) as base_share,
        cast(cast(counted.answered as numeric) / counted.all_answered as numeric(10, 4)) as answered_share,
        {{ wilson("counted.answered", "counted.all_answered", "rules.z", "low") }} as answered_low,
        {{ wilson("counted.answered", "counted.all_answered", "rules.z", "high") }} as answered_high
    from counted
    cross join rules
)

select
    breakdown,
    subject,
    deliveries,
    coalesce(asked, 0) as asked,
    answered,
    cast(cast(answered as numeric) / asked as numeric(10, 4)) as response_rate,
    cast(response_low as numeric(10, 4)) as response_ci_low,
    cast(response_high as numeric(10, 4)) as response_ci_high,
    base_share,
    answered_share,
    cast(answered_low as numeric(10, 4)) as answered_ci_low,
    cast(answered_high as numeric(10, 4)) as answered_ci_high,
    cast(answered_share - base_share as numeric(10, 4)) as bias,
    case
        when coalesce(all_answered, 0) < min_answers then 'too_few'
        when answered_low > base_share then 'over'
        when answered_high < base_share then 'under'
        else 'as the base'
    end as represented
from shared
