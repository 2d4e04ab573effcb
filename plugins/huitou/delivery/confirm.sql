-- What a look-up proved: only ever from unknown to accepted.
with proven as (
    update ops.messages as m
    set state = 'accepted', state_reason = 'looked_up'
    from unnest(%(ids)s::uuid[], %(attempts)s::integer[], %(provider_ids)s::text[])
        as n (message_id, attempt, provider_id)
    where m.message_id = n.message_id and m.attempts = n.attempt and m.state = 'unknown'
    returning m.message_id, m.attempts, n.provider_id
),

closed as (
    update ops.attempts as a
    set settled_at = clock_timestamp(), result = 'accepted', provider_id = p.provider_id, code = 'looked_up'
    from proven as p
    where a.message_id = p.message_id and a.attempt = p.attempts
)

select message_id::text from proven
