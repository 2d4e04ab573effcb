{{ touched_model(
    "tickets",
    indexes=[["source", "ticket_id"], ["source", "order_id"], ["source", "customer_id"], ["opened_day"]]
) }}

with tickets as (
    {{ newest(source("raw", "tickets"), ["ticket_id"], "tickets") }}
),

identities as (
    select * from {{ ref("stg_identities") }}
),

final as (
    select
        tickets._source as source,
        tickets.ticket_id,
        tickets.customer_id,
        identities.customer_key,
        tickets.order_id,
        tickets.class,
        coalesce(tickets.kind, 'unstated') as kind,
        coalesce(tickets.channel, 'unstated') as channel,
        coalesce(tickets.priority, 'unstated') as priority,
        tickets.rating,
        tickets.opened_at,
        {{ local_day("tickets.opened_at") }} as opened_day
    from tickets
    left join identities
        on tickets._source = identities.source and tickets.customer_id = identities.customer_id
)

select * from final
where opened_day <= {{ business_date() }}
