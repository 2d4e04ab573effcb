"""Rows of one key and version with different contents: which of them stands in raw.

Of each content the row in the lowest place (business date, file name, line) speaks, and of those the lowest is loaded.
The others wait in quarantine, one row a content; every further row of a content that is known is a duplicate. So the
outcome does not depend on the order in which the files came, and what was loaded may leave raw again.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from huitou.sources.fragments import Sql
from huitou.sources.sums import FOLLOW

CONTESTED = """
create temp table contested on commit drop as
select {t_key}, t._version
from typed as t join repeats as p on p._file = t._file and p._line = t._line
where not exists (select from verdicts as v where v._file = t._file and v._line = t._line)
union
select {key}, _version from orphans
"""
RIVALS = """
create temp table rivals on commit drop as
select 'batch' as _origin, null::bigint as _quarantine_id, false as _dismissed, t._file, t._line, t._day, a.name,
    {t_key}, t._version, (select to_jsonb(content) from (select {t_columns}) as content) as _content
from typed as t
join repeats as p on p._file = t._file and p._line = t._line
join arrived as a on a.file_id = t._file
where not exists (select from verdicts as v where v._file = t._file and v._line = t._line)
union all
select 'raw', null, false, r._file_id, r._line, r._business_date, coalesce(f.name, ''),
    {r_key}, r._version, (select to_jsonb(content) from (select {r_columns}) as content)
from contested as c
join {table} as r on {r_is_c}
left join landing.files as f on f.file_id = r._file_id
union all
select 'quarantine', q.quarantine_id, q.state = 'dismissed', q.file_id, q.line, q.business_date, f.name,
    {c_key}, c._version, k.content
from contested as c
join quarantine.conflicts as k on k.source = {source} and k.feed = {feed}
    and k.key = jsonb_build_array({c_key}) and k.version = c._version
join quarantine.rows as q on q.quarantine_id = k.quarantine_id and q.closed_how is distinct from 'recheck'
join landing.files as f on f.file_id = q.file_id
"""
# What a person dismissed stays dismissed: it speaks for its content, and that one is never loaded.
RANKED = """
create temp table ranked on commit drop as
with spoken as (
    select *,
        row_number() over (
            partition by {key}, _version, _content
            order by _dismissed desc, _day, name, _line, _origin = 'batch', _file
        ) = 1 as _speaks,
        bool_or(_dismissed) over (partition by {key}, _version, _content) as _barred
    from rivals
), placed as (
    select *, row_number() over (
        partition by {key}, _version order by _speaks desc, _barred, _day, name, _line, _content
    ) = 1 and not _barred as _wins
    from spoken
)
select *, case when _wins then 'loaded' when _speaks then 'conflict' else 'duplicate' end as _verdict from placed
"""
VERDICTS = "insert into verdicts select _file, _line, _verdict from ranked where _origin = 'batch'"
LEAVE_RAW = """
delete from {table} as r using ranked as c where c._origin = 'raw' and c._verdict <> 'loaded' and {r_is_c}
"""
ENTER_RAW = """
insert into {table} ({columns}, _source, _version, _business_date, _file_id, _line)
select {r_columns}, {source}, w._version, w._day, w._file, w._line
from ranked as w cross join lateral jsonb_populate_record(null::{table}, w._content) as r
where w._origin <> 'raw' and w._verdict = 'loaded'
"""
DISPLACED = """
insert into displaced
select _file, _line, _day, jsonb_build_array({key}) as _key, _version, _content
from ranked where _origin <> 'quarantine' and _verdict = 'conflict'
"""
LEAVE_QUARANTINE = """
delete from quarantine.rows as q using ranked as w
where w._origin = 'quarantine' and w._verdict <> 'conflict' and q.quarantine_id = w._quarantine_id
"""
# The manifest of a file that is not of this batch follows its rows.
RECOUNT = """
update landing.files as f set loaded = f.loaded + s.loaded, duplicate = f.duplicate + s.duplicate,
    quarantined = f.quarantined + s.quarantined
from (
    select _file, count(*) filter (where _verdict = 'loaded') - count(*) filter (where _origin = 'raw') as loaded,
        count(*) filter (where _verdict = 'duplicate') as duplicate,
        count(*) filter (where _verdict = 'conflict') - count(*) filter (where _origin = 'quarantine') as quarantined
    from ranked where _origin <> 'batch' group by _file
) as s
where f.file_id = s._file
"""


def settle_conflicts(connection: psycopg.Connection, parts: dict[str, Sql]) -> None:
    """Settle the rows of ``repeats`` without a verdict with all that is known of their keys.

    ``displaced`` then holds the rows, of this batch or of raw, that must go to quarantine.
    """
    for statement in (
        CONTESTED,
        RIVALS,
        RANKED,
        VERDICTS,
        LEAVE_RAW,
        ENTER_RAW,
        DISPLACED,
        LEAVE_QUARANTINE,
        RECOUNT,
        FOLLOW,
    ):
        connection.execute(sql.SQL(statement).format(**parts))
