-- An event has no versions, so raw holds each once: the longest feed need not be sorted for newest ones.
with events as (
    select * from {{ source("raw", "behaviour_events") }}
    where _business_date <= {{ business_date() }}
),

identities as (
    select * from {{ ref("stg_identities") }}
),

final as (
    select
        events._source as source,
        events.event_id,
        identities.customer_key,
        coalesce(events.session_id, events.event_id) as visit_id,
        events.action,
        events.product_id,
        {{ search_term("events.words") }} as term,
        events.occurred_at,
        {{ local_day("events.occurred_at") }} as event_day
    from events
    left join identities
        on events._source = identities.source and events.customer_id = identities.customer_id
)

select * from final
where event_day <= {{ business_date() }}
