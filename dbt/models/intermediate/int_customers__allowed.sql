{{ config(materialized="view") }}

with flagged as (
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
    coalesce(consents.customer_key, flagged.customer_key) as customer_key,
    coalesce(flagged.holds_offers, false) as holds_offers,
    coalesce(consents.sms, false) as may_sms,
    coalesce(consents.email, false) as may_email,
    coalesce(consents.wechat, false) as may_wechat,
    coalesce(consents.phone, false) as may_phone
from consents
full outer join flagged
    on consents.customer_key = flagged.customer_key
