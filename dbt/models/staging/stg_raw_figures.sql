select
    feed,
    day,
    currency,
    measure,
    sum(value) as value,
    coalesce(sum(value) filter (where not is_counted), 0) as uncounted
from {{ source("landing", "raw_figures") }}
where day <= {{ business_date() }}
group by feed, day, currency, measure
