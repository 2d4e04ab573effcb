-- What this channel still has to do: due now, due soon, held by a switch.
select
    count(*) filter (where not held and (not_before is null or not_before <= %(now)s)) as due,
    min(not_before) filter (where not held and not_before > %(now)s) as next_due,
    count(*) filter (where held) as held
from (
    select
        m.not_before,
        exists (
            select from ops.switches as s
            where s.scope in ('all', 'channel:' || m.channel, 'campaign:' || m.campaign)
        ) as held
    from ops.messages as m
    where
        m.channel = %(channel)s
        and m.business_date <= %(business_date)s
        and (m.state = 'approved' or (m.state = 'parked' and m.not_before is not null))
) as sendable
