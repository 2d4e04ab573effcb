-- Contact points that the provider itself knows as opted out. A statement of its own: even without rows it moves the
-- gate's generation.
insert into vault.suppressions (contact_hash, channel, reason, since)
select m.contact_hash, m.consent, 'told_by_provider', clock_timestamp()
from ops.messages as m
where m.message_id = any(%(ids)s::uuid[])
on conflict do nothing
