with consents as (
    select * from {{ ref("stg_consents") }}
)

select
    customer_key,
    coalesce(bool_or(granted) filter (where channel = 'sms'), false) as may_sms,
    coalesce(bool_or(granted) filter (where channel = 'email'), false) as may_email,
    coalesce(bool_or(granted) filter (where channel = 'wechat'), false) as may_wechat,
    coalesce(bool_or(granted) filter (where channel = 'phone'), false) as may_phone
from consents
group by customer_key
