-- Decides what becomes of every candidate of one campaign on one business date.
-- The first reason that applies, in the published order, keeps a person out; who passes them all is sent to.
create temp table considered on commit drop as
with superseded as materialized (
    select customer_key, superseded_by from vault.superseded_as_of(%(day)s)
),

audience as (
    select a.*, coalesce(s.superseded_by, a.customer_key) as person_key
    from candidate.{audience} as a
    left join superseded as s on s.customer_key = a.customer_key
    where a.business_date = %(day)s
),

contact as (
    select customer_key, contact_hash from vault.contacts_as_of(%(day)s) where kind = %(contact)s
),

consent as (
    select customer_key, granted from vault.consent_as_of(%(day)s) where channel = %(consent)s
),

refused as (
    select contact_hash from vault.refused_as_of(%(day)s) where channel = %(consent)s
),

recent as (
    select coalesce(s.superseded_by, m.customer_key) as person_key, m.contact_hash
    from ops.messages as m
    left join superseded as s on s.customer_key = m.customer_key
    where m.business_date > %(day)s - %(cap_days)s and m.business_date <= %(day)s
        and m.state not in ('rejected', 'expired', 'cancelled', 'dead')
),

recent_person as (
    select person_key, count(*) as messages from recent group by person_key
),

recent_contact as (
    select contact_hash, count(*) as messages from recent group by contact_hash
),

-- What was planned under a key that has lost its person since counts for that person.
planned as (
    select distinct coalesce(s.superseded_by, m.customer_key) as person_key
    from ops.messages as m
    left join superseded as s on s.customer_key = m.customer_key
    where m.campaign = %(campaign)s and m.period = %(period)s and m.channel = %(channel)s
),

held as (
    select customer_key as person_key, held_out
    from ops.holdouts_as_of(%(day)s) where campaign = %(campaign)s
),

-- Only what is worth money is held; a word without a coupon may go out.
flagged as (
    select
        coalesce(s.superseded_by, f.customer_key) as person_key,
        string_agg(distinct format('%%s: %%s, limit %%s', f.rule, f.evidence, f.evidence_limit), '; ') as flags,
        string_agg(distinct format('%%s %%s（上限 %%s）', f.rule_zh, f.evidence, f.evidence_limit), '；') as flags_zh
    from candidate.customer_flags as f
    left join superseded as s on s.customer_key = f.customer_key
    where f.holds_offers and %(has_offer)s
    group by coalesce(s.superseded_by, f.customer_key)
),

known as (
    select
        a.customer_key, a.person_key, a.segment, a.value, a.reason, a.reason_zh, a.priority, k.contact_hash,
        f.flags, f.flags_zh,
        case
            when c.granted is not true then 'no_consent'
            when r.contact_hash is not null then 'suppressed'
            when greatest(p.messages, q.messages, 0) >= %(cap_messages)s or m.person_key is not null then 'capped'
            when h.held_out then 'holdout'
            when f.person_key is not null then 'abuse_hold'
            when k.contact_hash is null then 'no_contact_point'
            when d.message_id is not null then 'duplicate_contact'
        end as obstacle
    from audience as a
    inner join held as h on h.person_key = a.person_key
    left join flagged as f on f.person_key = a.person_key
    left join contact as k on k.customer_key = a.person_key
    left join consent as c on c.customer_key = a.person_key
    left join refused as r on r.contact_hash = k.contact_hash
    left join recent_person as p on p.person_key = a.person_key
    left join recent_contact as q on q.contact_hash = k.contact_hash
    left join planned as m on m.person_key = a.person_key
    left join ops.messages as d
        on d.campaign = %(campaign)s and d.period = %(period)s and d.channel = %(channel)s
        and d.contact_hash = k.contact_hash
),

shared as (
    select
        *, row_number() over (partition by obstacle, contact_hash order by priority, customer_key) as owner_rank,
        row_number() over (partition by obstacle, person_key order by priority, customer_key) as key_rank
    from known
),

single as (
    select
        *, coalesce(
            obstacle, case when key_rank > 1 then 'capped' when owner_rank > 1 then 'duplicate_contact' end
        ) as kept_out
    from shared
),

paid as (
    select *, row_number() over (partition by kept_out order by priority, customer_key) as spend_rank
    from single
)

select
    customer_key, segment, value, priority, contact_hash,
    case when kept_out = 'abuse_hold' then format('%%s Held by %%s.', reason, flags) else reason end as reason,
    case when kept_out = 'abuse_hold' then format('%%s 暂缓：%%s。', reason_zh, flags_zh) else reason_zh end as reason_zh,
    coalesce(
        kept_out,
        case when spend_rank > %(budget)s then 'over_budget' end,
        case when %(is_stale)s then 'stale_data' end,
        'send'
    ) as outcome,
    ops.name_uuid(%(campaign)s, %(period)s, customer_key, %(channel)s) as message_id
from paid;
