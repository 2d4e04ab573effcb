{{ config(pre_hook="{{ keep_rows() }}", post_hook="{{ note_turned_weights() }}") }}
-- The hook adds up what theirs have noted: depends_on: {{ ref("int_customers__tiers") }}
-- depends_on: {{ ref("int_orders__contents") }} {{ ref("int_answers") }}

with rates as (
    select * from {{ ref("int_response__rates") }}
),

settings as (
    select
        {{ setting("satisfaction_settings", "min_stratum_answers") }} as least,
        {{ setting("satisfaction_settings", "max_weight") }} as most
),

alone as (
    select
        rates.*,
        settings.least,
        settings.most,
        rates.answered >= settings.least as is_large,
        cast(sum(rates.answered) over (partition by rates.week, rates.kind) as numeric)
        / nullif(sum(rates.base) over (partition by rates.week, rates.kind), 0) as rate
    from rates
    cross join settings
),

-- What is too small alone is pooled with its like, what is still too small with all of its punctuality.
by_experience as (
    select
        *,
        sum(base) over (partition by week, kind, experience, is_large) as experience_base,
        sum(answered) over (partition by week, kind, experience, is_large) as experience_answered
    from alone
),

by_punctuality as (
    select
        *,
        sum(base) over (
            partition by week, kind, punctuality, is_large or experience_answered >= least
        ) as punctuality_base,
        sum(answered) over (
            partition by week, kind, punctuality, is_large or experience_answered >= least
        ) as punctuality_answered
    from by_experience
)

-- (N_h ÷ N) ÷ (n_h ÷ n) of the narrowest group that is large enough; 1 where none is.
select
    week,
    kind,
    experience,
    standing,
    base,
    answered,
    cast(least(
        case
            when is_large then rate * base / answered
            when experience_answered >= least then rate * experience_base / experience_answered
            when punctuality_answered >= least then rate * punctuality_base / punctuality_answered
            else 1
        end,
        most
    ) as numeric(10, 6)) as weight
from by_punctuality
