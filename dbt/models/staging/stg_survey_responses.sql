with responses as (
    {{ newest(source("raw", "survey_responses"), ["response_id", "metric", "dimension"]) }}
),

identities as (
    select * from {{ ref("stg_identities") }}
),

questions as (
    select * from {{ ref("survey_questions") }}
),

rules as (
    select * from {{ ref("satisfaction_rules") }}
),

judged as (
    select
        responses._source as source,
        responses.response_id,
        responses.metric,
        responses.dimension,
        identities.customer_key,
        responses.order_id,
        {{ answer_state("responses.score") }} as state,
        {{ score_on_scale("responses.score") }} as score,
        case when questions.weight_column = 'weight' then coalesce(responses.weight, 1) else 1 end as weight,
        responses.asked_at,
        responses.answered_at,
        {{ local_day("responses.answered_at") }} as answer_day
    from responses
    left join identities
        on responses._source = identities.source and responses.customer_id = identities.customer_id
    {{ join_question("responses") }}
    left join rules
        on responses.metric = rules.metric
)

select
    source,
    response_id,
    metric,
    dimension,
    customer_key,
    order_id,
    state,
    case when state = 'answered' then score end as score,
    weight,
    asked_at,
    answered_at,
    answer_day
from judged
where answer_day <= {{ business_date() }}
