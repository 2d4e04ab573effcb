with customers as (
    {{ newest(source("raw", "customers"), ["customer_id"]) }}
),

identities as (
    select * from {{ ref("stg_identities") }}
),

contacts as (
    select
        customers._source as source,
        customers.customer_id,
        'phone' as kind,
        identities.customer_key,
        customers.phone as contact_hash
    from customers
    inner join identities
        on customers._source = identities.source and customers.customer_id = identities.customer_id
    union all
    select
        customers._source as source,
        customers.customer_id,
        'email' as kind,
        identities.customer_key,
        customers.email as contact_hash
    from customers
    inner join identities
        on customers._source = identities.source and customers.customer_id = identities.customer_id
)

select * from contacts
where contact_hash is not null
