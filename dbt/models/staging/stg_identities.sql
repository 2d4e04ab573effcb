{{ touched_model("accounts", indexes=[["source", "customer_id"], ["customer_key"]]) }}

with accounts as (
    {{ touched_rows(source("vault", "identities"), "accounts") }}
),

person_keys as (
    select * from {{ source("vault", "person_keys") }}
),

-- Of several recordings of a key the highest holds; in it, the last turn before the business date closed.
persons as (
    select distinct on (customer_key)
        customer_key,
        superseded_by
    from person_keys
    where since <= {{ business_date() }}
    order by customer_key desc, recording desc, since desc
)

select
    accounts.source,
    accounts.customer_id,
    coalesce(persons.superseded_by, accounts.customer_key) as customer_key
from accounts
left join persons
    on accounts.customer_key = persons.customer_key
