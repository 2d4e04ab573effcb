with rates as (
    {{ newest(source("raw", "exchange_rates"), ["currency", "rate_date"]) }}
)

select
    _source as source,
    currency,
    rate_date as valid_from,
    -- The next rate's day, from which this one no longer holds; null while it is the newest.
    lead(rate_date) over (partition by _source, currency order by rate_date) as valid_before,
    rate
from rates
where rate > 0
