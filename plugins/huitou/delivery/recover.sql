-- Claimed: the commit that precedes the first byte never happened, so none left. Sending: nobody can know.
with released as (
    update ops.messages
    set state = 'approved', worker = null
    where state = 'claimed' and (worker = any(%(dead)s) or (worker is null and %(orphans)s))
    returning 1
),

doubted as (
    update ops.messages
    set state = 'unknown', state_reason = 'worker_lost', worker = null
    where state = 'sending' and (worker = any(%(dead)s) or (worker is null and %(orphans)s))
    returning message_id, attempts
),

closed as (
    update ops.attempts as a
    set settled_at = clock_timestamp(), result = 'unknown', code = 'worker_lost'
    from doubted as d
    where a.message_id = d.message_id and a.attempt = d.attempts
)

select (select count(*) from released) as released, (select count(*) from doubted) as doubted
