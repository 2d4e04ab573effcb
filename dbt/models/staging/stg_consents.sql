-- The rule that a refusal of one account is the person's stands in the vault's function alone.
select
    customer_key,
    channel,
    granted
from {{ source("vault", "consent_as_of").render() }}({{ business_date() }})
