-- Read anew, behind the gate, when its generation moved: once a run on most nights, however many batches it has.
truncate pg_temp.granted, pg_temp.refused;

insert into pg_temp.granted (customer_key, channel)
select c.customer_key, c.channel
from vault.consent_as_of('infinity') as c
group by c.customer_key, c.channel
having bool_and(c.granted);

insert into pg_temp.refused (contact_hash, channel)
select r.contact_hash, r.channel from vault.refused_as_of('infinity') as r
