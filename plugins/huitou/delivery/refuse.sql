-- All refused contact points, for the claims of this session. Read anew, behind the gate, when its generation moved.
insert into pg_temp.refused (contact_hash, channel)
select r.contact_hash, r.channel from vault.refused_as_of('infinity') as r
