-- Claimed messages that cannot be made into a request; no byte left for them.
update ops.messages as m
set state = 'rejected', state_reason = n.reason, worker = null
from unnest(%(ids)s::uuid[], %(reasons)s::text[]) as n (message_id, reason)
where m.message_id = n.message_id and m.state = 'claimed' and m.worker = %(worker)s
returning m.message_id::text
