with responses as (
    {{ newest(source("raw", "survey_responses"), ["response_id", "metric", "dimension"]) }}
),

identities as (
    select * from {{ ref("stg_identities") }}
),

final as (
    select
        responses._source as source,
        responses.response_id,
        responses.metric,
        responses.dimension,
        identities.customer_key,
        responses.order_id,
        responses.score,
        responses.asked_at,
        responses.answered_at,
        {{ local_day("responses.answered_at") }} as answer_day
    from responses
    left join identities
        on responses._source = identities.source and responses.customer_id = identities.customer_id
)

select * from final
where answer_day <= {{ business_date() }}
