with versions as (
    {{ versions(source("raw", "exchange_rates"), ["currency", "rate_date"]) }}
),

known as (
    select
        *,
        min(_business_date) over (partition by _source, currency, rate_date) as known_day
    from versions
    where rate > 0
),

rates as (
    select
        *,
        {{ days_after("rate_date", "1 + " ~ setting("exchange_rate_settings", "max_rate_age_days")) }}
            as lapses_on
    from known
    where is_newest
)

select
    _source as source,
    currency,
    rate_date as valid_from,
    -- The next rate's day, from which this one no longer holds, or the day on which it is too old.
    least(lead(rate_date) over (partition by _source, currency order by rate_date), lapses_on)
        as valid_before,
    lapses_on,
    rate,
    known_day
from rates
