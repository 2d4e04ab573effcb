-- The last commit before bytes: from here on a request may have left. Switches are read once more.
with promoted as (
    update ops.messages as m
    set state = 'sending', attempts = m.attempts + 1
    from unnest(%(ids)s::uuid[]) as n (message_id)
    where
        m.message_id = n.message_id
        and m.state = 'claimed'
        and m.worker = %(worker)s
        and not exists (
            select from ops.switches as s
            where s.scope in ('all', 'channel:' || m.channel, 'campaign:' || m.campaign)
        )
    returning m.message_id, m.attempts
)

insert into ops.attempts (message_id, attempt, worker)
select p.message_id, p.attempts, %(worker)s from promoted as p
returning message_id::text, attempt
