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
        experience,
        standing,
        count(*) filter (where is_base) as base,
        count(*) filter (where is_base and is_answered) as answered
    from strata
    group by kind, experience, standing
),

summed as (
    select
        *,
        sum(base) over (partition by kind, experience) as experience_base,
        sum(answered) over (partition by kind, experience) as experience_answered,
        cast(sum(answered) over (partition by kind) as numeric)
        / nullif(sum(base) over (partition by kind), 0) as rate
    from counted
)

-- (N_h ÷ N) ÷ (n_h ÷ n), of the narrowest group with enough answers; 1 where none has.
select
    summed.kind,
    summed.experience,
    summed.standing,
    cast(summed.base as integer) as base,
    cast(summed.answered as integer) as answered,
    cast(least(
        case
            when summed.answered >= settings.least then summed.rate * summed.base / summed.answered
            when summed.experience_answered >= settings.least
                then summed.rate * summed.experience_base / summed.experience_answered
            else 1
        end,
        settings.most
    ) as numeric(10, 6)) as weight
from summed
cross join settings
