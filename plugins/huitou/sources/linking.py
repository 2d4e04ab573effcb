"""From identifiers to persons: connected components, worked out for each business date on which one changed.

Only what the night touched is looked at: the keys that changed, and all that they are or were joined to. A link has a
first and a last date, because a contact point stops telling people apart once too many bear it. All is SQL over
temporary tables; the number of statements follows the longest chain of links, not the number of people.
"""

from __future__ import annotations

from typing import Any

import psycopg

from huitou.sources.feeds import IdentityRules

# Keys in reach, found step by step: those that share an identifier with one in reach, or once shared a person.
REACH = """
create temp table reach (customer_key text primary key, step integer not null) on commit drop;
create temp table visited (kind text, identifier text, primary key (kind, identifier)) on commit drop;
create temp table frontier (kind text, identifier text, more bigint) on commit drop;
"""
START = """
insert into reach
select distinct i.customer_key, 0 from vault.identities as i
where i.erased_on is null and i.customer_key in (select customer_key from identity_start)
"""
START_EVERYWHERE = """
insert into reach
select distinct i.customer_key, 0 from vault.identities as i
where i.erased_on is null and (
    exists (select from vault.identifiers as d where d.source = i.source and d.customer_id = i.customer_id)
    or exists (select from vault.person_keys as p where p.customer_key = i.customer_key)
)
"""
# An identifier that changed counts also for those whom it joined before: `more` is how far they may have moved back.
CHANGED = """
insert into frontier select kind, identifier, count(*) from identity_changes group by 1, 2;
insert into visited select kind, identifier from frontier;
"""
FRONTIER = """
truncate frontier;
insert into frontier
select distinct d.kind, d.identifier, 0
from reach as k
join vault.identities as i on i.customer_key = k.customer_key
join vault.identifiers as d on d.source = i.source and d.customer_id = i.customer_id
where k.step = %(step)s and not exists (
    select from visited as v where v.kind = d.kind and v.identifier = d.identifier
);
insert into visited select kind, identifier from frontier;
analyze frontier;
"""
NEXT = """
with bearers as (
    select d.kind, d.source, d.customer_id, f.more,
        row_number() over (partition by d.kind, d.identifier order by min(d.known_from)) as place
    from frontier as f
    join vault.identifiers as d on d.kind = f.kind and d.identifier = f.identifier
    group by d.kind, d.identifier, d.source, d.customer_id, f.more
), found as (
    select i.customer_key
    from bearers as b
    join vault.identities as i on i.source = b.source and i.customer_id = b.customer_id
    where b.kind = 'person' or b.place <= %(sharing)s + 1 + b.more
    union
    select p.superseded_by from vault.person_keys as p join reach as k using (customer_key)
    where k.step = %(step)s and p.superseded_by is not null
    union
    select p.customer_key from vault.person_keys as p join reach as k on k.customer_key = p.superseded_by
    where k.step = %(step)s
)
insert into reach
select f.customer_key, %(step)s + 1 from found as f
where not exists (select from reach as k where k.customer_key = f.customer_key)
    and exists (select from vault.identities as i where i.customer_key = f.customer_key and i.erased_on is null)
"""

# Who is older comes first and keeps the key; of those known from the same date the smaller key does.
NODES = """
create temp table nodes on commit drop as
select customer_key, (row_number() over (order by known_from, customer_key))::integer as node
from (
    select i.customer_key, min(i.known_from) as known_from
    from reach as k join vault.identities as i using (customer_key) group by i.customer_key
) as born;
create unique index on nodes (node);
analyze nodes;
create temp table bears on commit drop as
select n.node, d.kind, d.identifier, d.name_hash, d.source, d.customer_id, d.known_from
from nodes as n
join vault.identities as i using (customer_key)
join vault.identifiers as d on d.source = i.source and d.customer_id = i.customer_id;
analyze bears;
"""
# over: from when on too many bear it. doubt: from when on it stands beside two names, so no name tells nothing.
LINKS = """
create temp table links on commit drop as
with over as (
    select kind, identifier, known_from as over
    from (
        select kind, identifier, known_from,
            row_number() over (partition by kind, identifier order by known_from) as place
        from (
            select kind, identifier, min(known_from) as known_from
            from bears where kind <> 'person' group by kind, identifier, source, customer_id
        ) as bearers
    ) as placed where place = %(sharing)s + 1
), doubt as (
    select kind, identifier, known_from as doubt
    from (
        select kind, identifier, known_from,
            row_number() over (partition by kind, identifier order by known_from) as place
        from (
            select kind, identifier, min(known_from) as known_from
            from bears where name_hash <> '' group by kind, identifier, name_hash
        ) as names
    ) as placed where place = 2
), dated as (
    select b.node, b.kind, b.identifier, b.name_hash, b.known_from,
        coalesce(o.over, 'infinity') as over, least(o.over, d.doubt, 'infinity') as doubt
    from bears as b
    left join over as o using (kind, identifier)
    left join doubt as d using (kind, identifier)
), single as (
    select node, kind, identifier, '' as beside, true as sure, known_from, over as until
    from dated where kind in ('person', 'wechat')
    union all
    select node, kind, identifier, name_hash, false, known_from, over
    from dated where kind in ('phone', 'email') and name_hash <> ''
    union all
    select node, kind, identifier, '*', false, known_from, doubt from dated where kind in ('phone', 'email')
), grouped as (
    select node, sure, min(known_from) as known_from, until,
        dense_rank() over (order by kind, identifier, beside) as knot
    from single where known_from < until group by node, kind, identifier, beside, sure, until
)
select * from grouped where knot in (select knot from grouped group by knot having count(*) > 1);
analyze links;
"""
# First the clusters of all dates together, whose dates of change are then looked at one by one.
CLUSTERS = """
create temp table labels on commit drop as
select distinct date '0001-01-01' as day, node, node as label from links;
create temp table ties on commit drop as
select date '0001-01-01' as day, node, knot from links;
"""
DAYS = """
create temp table labels_by_day on commit drop as
with days as (
    select distinct l.label as cluster, d.day
    from links as k join labels as l using (node)
    cross join lateral (values (k.known_from), (k.until)) as d (day)
    where d.day < 'infinity'
)
select d.day, l.node, l.node as label from labels as l join days as d on d.cluster = l.label;
create temp table ties_by_day on commit drop as
select n.day, k.node, k.knot, k.sure
from links as k join labels_by_day as n on n.node = k.node and n.day >= k.known_from and n.day < k.until;
drop table labels, ties;
alter table labels_by_day rename to labels;
alter table ties_by_day rename to ties;
"""
INDEXES = "create unique index on labels (day, node); analyze labels; create index on ties (day, knot); analyze ties;"
SPREAD = """
update labels as l set label = m.label
from (
    select t.day, t.node, min(k.label) as label
    from ties as t
    join (
        select t.day, t.knot, min(l.label) as label
        from ties as t join labels as l using (day, node) group by t.day, t.knot
    ) as k using (day, knot)
    group by t.day, t.node
) as m
where l.day = m.day and l.node = m.node and m.label < l.label
"""
SHORTEN = """
update labels as l set label = p.label from labels as p
where p.day = l.day and p.node = l.label and p.label < l.label
"""
# A person with more identifiers than anybody has is several: only what is sure still joins them.
TAKE_APART = """
create temp table crowds on commit drop as
select l.day, l.label
from labels as l join bears as b on b.node = l.node and b.known_from <= l.day
group by l.day, l.label
having count(distinct (b.kind, b.identifier)) > %(identifiers)s;
delete from ties as t using labels as l, crowds as c
where l.day = t.day and l.node = t.node and c.day = l.day and c.label = l.label and not t.sure;
update labels as l set label = l.node from crowds as c where c.day = l.day and c.label = l.label;
drop table crowds;
"""
RECORD = """
with wanted as (
    select n.customer_key, l.day as since, case when l.label <> l.node then s.customer_key end as superseded_by
    from labels as l join nodes as n using (node) join nodes as s on s.node = l.label
    union all
    select n.customer_key, '0001-01-01', null from nodes as n
), turns as (
    select customer_key, since, superseded_by
    from (
        select *, lag(superseded_by) over w as before, row_number() over w as place
        from wanted window w as (partition by customer_key order by since)
    ) as ordered
    where place = 1 or superseded_by is distinct from before
), recorded as (
    select p.customer_key, p.since, p.superseded_by
    from vault.person_keys as p join nodes as n using (customer_key)
    where p.recording = (select max(q.recording) from vault.person_keys as q where q.customer_key = p.customer_key)
), was as (
    select customer_key, array_agg((since, superseded_by) order by since) as history from recorded group by 1
), becomes as (
    select customer_key, array_agg((since, superseded_by) order by since) as history from turns group by 1
), changed as (
    select b.customer_key from becomes as b left join was as w using (customer_key)
    where coalesce(w.history, array[(date '0001-01-01', null::text)]) is distinct from b.history
), number as (select nextval('vault.recordings') as recording where exists (select from changed))
insert into vault.person_keys (customer_key, recording, since, superseded_by)
select t.customer_key, n.recording, t.since, t.superseded_by
from turns as t join changed as c using (customer_key) cross join number as n
"""
CLEAR = "drop table reach, visited, frontier, nodes, bears, links, labels, ties"


def link(connection: psycopg.Connection, rules: IdentityRules, everywhere: bool) -> int:
    """Record whose the keys in ``identity_start`` are, and those joined to them; how many rows were recorded.

    ``identity_changes``, where there is one, holds the identifiers that were added or taken away. ``everywhere``
    looks at every account instead. Runs in a transaction.
    """
    values: dict[str, Any] = {"sharing": rules.sharing_limit, "identifiers": rules.identifier_limit}
    _run(connection, REACH)
    reached = connection.execute(START_EVERYWHERE if everywhere else START).rowcount
    if _has_changes(connection):
        _run(connection, CHANGED)
        reached += 1
    if not reached:
        connection.execute("drop table reach, visited, frontier")
        return 0
    _reach(connection, values)
    for text in (NODES, LINKS, CLUSTERS, INDEXES):
        _run(connection, text, values)
    _spread(connection)
    for text in (DAYS, INDEXES):
        _run(connection, text)
    _spread(connection)
    _run(connection, TAKE_APART, values)
    _spread(connection)
    recorded = connection.execute(RECORD).rowcount
    connection.execute(CLEAR)
    return recorded


def _has_changes(connection: psycopg.Connection) -> bool:
    there = connection.execute("select to_regclass('pg_temp.identity_changes') is not null").fetchone()
    if there != (True,):
        return False
    return connection.execute("select exists (select from identity_changes)").fetchone() == (True,)


def _reach(connection: psycopg.Connection, values: dict[str, Any]) -> None:
    step = 0
    connection.execute("analyze reach")
    while True:
        # What changed at first is the frontier of the first step, beside what the start bears.
        found = connection.execute(NEXT, values | {"step": step}).rowcount if step or _is_filled(connection) else 0
        _run(connection, FRONTIER, {"step": step})
        found += connection.execute(NEXT, values | {"step": step}).rowcount
        if not found:
            return
        step += 1


def _is_filled(connection: psycopg.Connection) -> bool:
    return connection.execute("select exists (select from frontier)").fetchone() == (True,)


def _spread(connection: psycopg.Connection) -> None:
    """The smallest label of each component reaches all its nodes."""
    while connection.execute(SPREAD).rowcount:
        while connection.execute(SHORTEN).rowcount:
            pass


def _run(connection: psycopg.Connection, text: str, values: dict[str, Any] | None = None) -> None:
    """Statements of one text, one after the other, each with the values that it names."""
    for statement in filter(str.strip, text.split(";")):
        connection.execute(statement, values if values and "%(" in statement else None)
