{{ touched_model("settled_weeks", columns=["settled_week"]) }}

with strata as (
    {{ touched_rows(ref("int_response__strata"), "settled_weeks", ["settled_week"]) }}
)

select
    settled_week,
    kind,
    punctuality,
    experience,
    standing,
    cast(count(*) as integer) as base,
    cast(count(*) filter (where is_answered) as integer) as answered
from strata
where settled_week is not null
group by settled_week, kind, punctuality, experience, standing
