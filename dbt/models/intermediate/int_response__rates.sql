with counts as (
    select * from {{ ref("int_response__weeks") }}
),

settings as (
    select
        cast({{ setting("satisfaction_settings", "answer_days") }} as integer) as answer_days,
        cast({{ setting("satisfaction_settings", "weight_weeks") }} as integer) as weight_weeks,
        {{ period_start("week", business_date()) }} as this_week
),

spanned as (
    select min(settled_week) as first_settled from counts
),

-- The first answers come before the first delivery is settled.
opened as (
    select
        settings.weight_weeks,
        settings.this_week,
        spanned.first_settled,
        {{ period_start("week", days_before("first_settled", "answer_days")) }} as first_week,
        {{ days_after("first_settled", "7 * weight_weeks") }} as year_two
    from spanned
    cross join settings
),

weeks as (
    select
        opened.*,
        cast(series.week as date) as week
    from opened
    cross join lateral {{ series("opened.first_week", "opened.this_week", "week") }} as series (week)
),

groups as (
    select distinct
        kind,
        punctuality,
        experience,
        standing
    from counts
),

-- Of each group what was counted before a week: a span of weeks is a difference of two such sums.
counted as (
    select
        weeks.*,
        groups.*,
        coalesce(sum(counts.base) over before_it, 0) as base,
        coalesce(sum(counts.answered) over before_it, 0) as answered
    from weeks
    cross join groups
    left join counts
        on
            weeks.week = counts.settled_week
            and groups.kind = counts.kind
            and groups.experience = counts.experience
            and groups.standing = counts.standing
    window before_it as (
        partition by groups.kind, groups.experience, groups.standing
        order by weeks.week
        rows between unbounded preceding and 1 preceding
    )
)

-- A shop's first year has no year before it: it is weighted by itself.
select
    week,
    kind,
    punctuality,
    experience,
    standing,
    cast(case
        when week >= year_two then base - lag(base, weight_weeks) over of_group
        else max(base) filter (where week = least(year_two, this_week)) over whole_group
    end as integer) as base,
    cast(case
        when week >= year_two then answered - lag(answered, weight_weeks) over of_group
        else max(answered) filter (where week = least(year_two, this_week)) over whole_group
    end as integer) as answered
from counted
window
    whole_group as (partition by kind, experience, standing),
    of_group as (partition by kind, experience, standing order by week)
