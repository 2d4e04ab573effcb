{{ config(materialized="view") }}

with people as (
    select customer_key from {{ ref("customer_segments") }}
),

flagged as (
    select
        customer_key,
        bool_or(holds_offers) as holds_offers
    from {{ ref("customer_flags") }}
    group by customer_key
),

consents as (
    select
        customer_key,
        bool_or(granted) filter (where channel = 'sms') as sms,
        bool_or(granted) filter (where channel = 'email') as email,
        bool_or(granted) filter (where channel = 'wechat') as wechat,
        bool_or(granted) filter (where channel = 'phone') as phone
    from {{ ref("stg_consents") }}
    group by customer_key
)

select
    people.customer_key,
    coalesce(flagged.holds_offers, false) as holds_offers,
    coalesce(consents.sms, false) as may_sms,
    coalesce(consents.email, false) as may_email,
    coalesce(consents.wechat, false) as may_wechat,
    coalesce(consents.phone, false) as may_phone
from people
left join flagged
    on people.customer_key = flagged.customer_key
left join consents
    on people.customer_key = consents.customer_key
