{{ touched_model(
    "requests", indexes=[["source", "request_id"], ["source", "order_id"], ["source", "customer_id"]]
) }}

with requests as (
    {{ newest(source("raw", "survey_requests"), ["request_id"], "requests") }}
),

identities as (
    select * from {{ ref("stg_identities") }}
),

final as (
    select
        requests._source as source,
        requests.request_id,
        requests.customer_id,
        identities.customer_key,
        requests.order_id,
        requests.channel,
        {{ local_day("requests.asked_at") }} as ask_day
    from requests
    left join identities
        on requests._source = identities.source and requests.customer_id = identities.customer_id
)

select * from final
where ask_day <= {{ business_date() }}
