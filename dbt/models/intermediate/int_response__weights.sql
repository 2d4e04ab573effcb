with strata as (
    select * from {{ ref("int_response__strata") }}
),

settings as (
    select
        {{ setting("satisfaction_settings", "min_stratum_answers") }} as least,
        {{ setting("satisfaction_settings", "max_weight") }} as most
),

counted as (
    select
        kind,
        punctuality,
        experience,
        standing,
        count(*) filter (where is_base) as base,
        count(*) filter (where is_base and is_answered) as answered
    from strata
    group by kind, punctuality, experience, standing
),

alone as (
    select
        counted.*,
        settings.least,
        settings.most,
        counted.answered >= settings.least as is_large,
        cast(sum(counted.answered) over (partition by counted.kind) as numeric)
        / nullif(sum(counted.base) over (partition by counted.kind), 0) as rate
    from counted
    cross join settings
),

-- What is too small alone is pooled with its like, what is still too small with all of its punctuality.
by_experience as (
    select
        *,
        sum(base) over (partition by kind, experience, is_large) as experience_base,
        sum(answered) over (partition by kind, experience, is_large) as experience_answered
    from alone
),

by_punctuality as (
    select
        *,
        sum(base) over (
            partition by kind, punctuality, is_large or experience_answered >= least
        ) as punctuality_base,
        sum(answered) over (
            partition by kind, punctuality, is_large or experience_answered >= least
        ) as punctuality_answered
    from by_experience
)

-- (N_h ÷ N) ÷ (n_h ÷ n) of the narrowest group that is large enough; 1 where none is.
select
    kind,
    experience,
    standing,
    cast(base as integer) as base,
    cast(answered as integer) as answered,
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
