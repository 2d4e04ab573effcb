with contacts as (
    select distinct
        contact_hash,
        customer_key
    from {{ ref("stg_contacts") }}
),

rules as (
    select * from {{ ref("fraud_rules") }}
),

counted as (
    select
        contact_hash,
        customer_key,
        count(*) over (partition by contact_hash) as people
    from contacts
)

select
    'r_' || md5(contact_hash) as ring,
    customer_key,
    cast(people as integer) as people
from counted
where people >= {{ fraud_limit("shared_contact", "min_count") }}
