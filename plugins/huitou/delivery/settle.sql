-- Fenced: a result counts only where its attempt is still the open one and its worker still the owner.
with results as materialized (
    select *
    from unnest(
        %(ids)s::uuid[], %(attempts)s::integer[], %(results)s::text[], %(states)s::text[], %(reasons)s::text[],
        %(not_before)s::timestamptz[], %(provider_ids)s::text[], %(codes)s::text[]
    ) as r (message_id, attempt, result, state, reason, not_before, provider_id, code)
),

settled as (
    update ops.messages as m
    set state = r.state, state_reason = r.reason, not_before = r.not_before, worker = null
    from results as r
    where
        m.message_id = r.message_id
        and m.attempts = r.attempt
        and m.state = 'sending'
        and m.worker = %(worker)s
    returning m.message_id
),

closed as (
    update ops.attempts as a
    set settled_at = clock_timestamp(), result = r.result, provider_id = r.provider_id, code = r.code
    from results as r
    inner join settled as s on r.message_id = s.message_id
    where a.message_id = r.message_id and a.attempt = r.attempt
)

select message_id::text from settled
