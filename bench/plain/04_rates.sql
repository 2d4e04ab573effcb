create table rates as
select
    currency,
    rate_date as valid_from,
    lead(rate_date) over (partition by currency order by rate_date) as valid_before,
    rate
from (
    select *, row_number() over (partition by currency, rate_date order by _version desc) as nth
    from raw.exchange_rates
) as versions
where nth = 1
