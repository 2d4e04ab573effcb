{{ touched_model("accounts", indexes=[["customer_key"], ["source", "customer_id"]]) }}

with customers as (
    {{ newest(source("raw", "customers"), ["customer_id"], "accounts") }}
),

identities as (
    select * from {{ ref("stg_identities") }}
)

select
    customers._source as source,
    customers.customer_id,
    identities.customer_key,
    customers.registered_at,
    {{ local_day("customers.registered_at") }} as registered_day,
    customers.birthday,
    customers.city,
    customers.region
from customers
left join identities
    on customers._source = identities.source and customers.customer_id = identities.customer_id
