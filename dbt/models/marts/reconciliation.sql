{{ touched_model("days") }}

with parts as (
    {{ touched_rows(ref("int_reconciliation__parts"), "days") }}
),

added as (
    select
        leg,
        feed,
        day,
        currency,
        measure,
        {{ parts_as_columns() }}
    from parts
    group by leg, feed, day, currency, measure
)

select
    *,
    cast(sent - arrived as numeric(18, 4)) as difference,
    cast(sent - arrived - ({{ reconciliation_reasons() | join(" + ") }}) as numeric(18, 4)) as unexplained
from added
