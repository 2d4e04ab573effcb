-- One batch, judged and claimed in one statement. It runs behind the closed consent gate (ops.close_consent_gate),
-- so no refusal commits between reading consent (read_consent.sql) and this claim's own commit.
with batch as materialized (
    select m.message_id, m.customer_key, m.contact_hash, m.consent, m.expires_at
    from ops.messages as m
    where
        m.channel = %(channel)s
        and m.business_date <= %(business_date)s
        and m.state in ('approved', 'parked')
        and (
            m.expires_at <= %(now)s
            or m.not_before <= %(now)s
            or (m.not_before is null and m.state = 'approved')
        )
        and not exists (
            select from ops.switches as s
            where s.scope in ('all', 'channel:' || m.channel, 'campaign:' || m.campaign)
        )
    order by m.message_id
    limit %(batch)s
    for update of m skip locked
),

hours as (
    select *
    from unnest(%(channels)s::text[], %(open)s::boolean[], %(opens_at)s::timestamptz[])
        as h (channel, is_open, opens_at)
),

judged as (
    select
        b.message_id,
        p.sealed,
        h.opens_at,
        case
            when b.expires_at <= %(now)s then 'expired'
            when c.customer_key is null then 'no_consent'
            when r.contact_hash is not null then 'suppressed'
            when %(needs_contact)s and p.contact_hash is null then 'no_contact_point'
            when h.channel is null then 'no_contact_hours'
            when not h.is_open then 'quiet_hours'
            else 'claimed'
        end as verdict
    from batch as b
    left join pg_temp.granted as c on b.customer_key = c.customer_key and b.consent = c.channel
    left join pg_temp.refused as r on b.contact_hash = r.contact_hash and b.consent = r.channel
    left join vault.contact_points as p on b.contact_hash = p.contact_hash
    left join hours as h on b.consent = h.channel
)

update ops.messages as m
set
    state = case
        when j.verdict in ('claimed', 'expired') then j.verdict
        when j.verdict in ('no_contact_hours', 'quiet_hours') then 'parked'
        else 'cancelled'
    end,
    state_reason = nullif(nullif(j.verdict, 'claimed'), 'expired'),
    not_before = case when j.verdict = 'quiet_hours' then j.opens_at end,
    worker = case when j.verdict = 'claimed' then %(worker)s::bigint end
from judged as j
where m.message_id = j.message_id
returning
    m.message_id::text, m.state, m.state_reason, m.campaign, m.consent, m.customer_key, m.contact_hash, m.payload,
    case when %(needs_contact)s and m.state = 'claimed' then j.sealed end as sealed
