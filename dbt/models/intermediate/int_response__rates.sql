with counts as (
    select * from {{ ref("int_response__weeks") }}
),

settings as (
    select
        cast({{ setting("satisfaction_settings", "answer_days") }} as integer) as answer_days,
        cast(7 * {{ setting("satisfaction_settings", "weight_weeks") }} as integer) as weight_days,
        {{ period_start("week", business_date()) }} as this_week
),

spanned as (
    select min(settled_week) as first_settled from counts
),

-- The first answers come before the first delivery is settled.
opened as (
    select
        settings.weight_days,
        settings.this_week,
        spanned.first_settled,
        {{ period_start("week", days_before("spanned.first_settled", "settings.answer_days")) }} as first_week
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

-- A shop's first year has no year before it: it is weighted by itself.
dated as (
    select
        week,
        weight_days,
        this_week,
        greatest({{ days_before("week", "weight_days") }}, first_settled) as from_week
    from weeks
),

groups as (
    select distinct
        kind,
        punctuality,
        experience,
        standing
    from counts
)

select
    dated.week,
    groups.kind,
    groups.punctuality,
    groups.experience,
    groups.standing,
    cast(coalesce(sum(counts.base), 0) as integer) as base,
    cast(coalesce(sum(counts.answered), 0) as integer) as answered
from dated
cross join groups
left join counts
    on
        groups.kind = counts.kind
        and groups.experience = counts.experience
        and groups.standing = counts.standing
        and dated.from_week <= counts.settled_week
        and {{ days_after("dated.from_week", "dated.weight_days") }} > counts.settled_week
        and dated.this_week > counts.settled_week
group by dated.week, groups.kind, groups.punctuality, groups.experience, groups.standing
