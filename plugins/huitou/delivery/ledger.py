"""The outbox in Postgres: every change of a message's state by delivery is one of these transactions."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any

import psycopg
from psycopg.rows import dict_row

from huitou.delivery.hours import Opening, Window
from huitou.delivery.settlement import Settlement
from huitou.delivery.statements import statement
from huitou.errors import TransientError

GATE_TIMEOUT = "2s"
Row = dict[str, Any]


@dataclass(frozen=True)
class Waiting:
    """Messages of a channel that could leave now, when the next may, and how many a switch holds."""

    due: int
    next_due: datetime | None
    held: int


class Ledger:
    """One worker's hold on the outbox: a session whose advisory lock says that the worker lives.

    Raises ``TransientError`` where the consent gate is not there yet and a load keeps it from being made.

    The connection must be autocommit and this worker's own. It is never replaced: with the session the worker's
    claims are lost to whoever recovers them, and every fence below refuses what it still tries to write.
    """

    def __init__(self, connection: psycopg.Connection, business_date: date) -> None:
        self._connection = connection
        self._business_date = business_date
        # Random, above every 32-bit key: never used twice, so it is a fencing token as well.
        self.worker = (1 << 62) | secrets.randbits(61)
        # Which state of consent this session's tables were read from; None before the first reading.
        self._generation: int | None = None
        connection.execute(statement("open_worker"), {"worker": self.worker})
        connection.execute(statement("consent_tables"))
        self._guard()

    def recover(self) -> tuple[int, int]:
        """Take over from dead workers: (claims set free, sends now unknown)."""
        with self._connection.transaction():
            (dead,) = self._one("dead_workers")
            # A second statement: its snapshot is younger than the locks, so it sees all that the dead committed.
            keys = [key for key in dead if key is not None]
            released, doubted = self._one("recover", dead=keys, orphans=None in dead)
        return released, doubted

    def reconsider(self) -> int:
        """Free messages that were parked without a date, because no contact hours were known."""
        cursor = self._connection.execute(
            "update ops.messages set state = 'approved', state_reason = null "
            "where state = 'parked' and not_before is null and business_date <= %s",
            (self._business_date,),
        )
        return cursor.rowcount

    def channels(self) -> list[str]:
        """Channels with messages that are not settled yet."""
        rows = self._connection.execute(
            "select distinct channel from ops.messages where business_date <= %s "
            "and state in ('approved', 'parked', 'unknown') order by channel",
            (self._business_date,),
        )
        return [row[0] for row in rows]

    def contact_hours(self) -> dict[str, list[Window]]:
        """Open spans by consent channel, in seconds after midnight; empty where the table is missing."""
        there = self._connection.execute("select to_regclass('staging.contact_hours')").fetchone()
        if there is None or there[0] is None:
            return {}
        hours: dict[str, list[Window]] = {}
        for channel, opens, closes in self._connection.execute(
            "select channel, extract(epoch from opens::time)::integer, extract(epoch from closes::time)::integer "
            "from staging.contact_hours where channel is not null and opens is not null and closes is not null"
        ):
            hours.setdefault(channel, []).append((opens, closes))
        return hours

    def claim(
        self, channel: str, needs_contact: bool, batch: int, now: datetime, openings: Sequence[Opening]
    ) -> list[Row] | None:
        """Judge and claim up to ``batch`` due messages in one committed transaction; one row for each judged, by id.

        None means that consent is being changed just now and nothing was read.
        """
        values = self._values(
            channel=channel,
            needs_contact=needs_contact,
            batch=batch,
            now=now,
            channels=[o.channel for o in openings],
            open=[o.is_open for o in openings],
            opens_at=[o.opens_at for o in openings],
        )
        try:
            with self._connection.transaction():
                self._connection.execute(f"set local lock_timeout = '{GATE_TIMEOUT}'")
                self._connection.execute("select ops.close_consent_gate()")
                generation = self._read_consent()
                with self._connection.cursor(row_factory=dict_row) as cursor:
                    rows = cursor.execute(statement("claim"), values).fetchall()
        except psycopg.errors.LockNotAvailable:
            return None
        self._generation = generation
        return sorted(rows, key=itemgetter("message_id"))

    def turn(self, settled: Sequence[Settlement], wanted: Sequence[str]) -> tuple[set[str], dict[str, int]]:
        """Write results and promote claims in one transaction: (ids that settled, attempt number by id promoted).

        Bytes may leave only for what the second part names, and only after this returned.
        """
        with self._connection.transaction():
            return set(self._settle(settled)), dict(self._promote(wanted))

    def discard(self, reasons: Mapping[str, str]) -> set[str]:
        """Reject claims that cannot be made into a request; the ids that were still this worker's."""
        return {row[0] for row in self._all("discard", ids=list(reasons), reasons=list(reasons.values()))}

    def release(self) -> int:
        """Set free what this worker claimed and never promoted."""
        return self._connection.execute(statement("release"), {"worker": self.worker}).rowcount

    def unknown(self, channel: str) -> list[tuple[str, int]]:
        """(id, attempt) of messages that may have left without an answer."""
        return self._connection.execute(
            "select message_id::text, attempts from ops.messages "
            "where state = 'unknown' and channel = %s and business_date <= %s order by message_id",
            (channel, self._business_date),
        ).fetchall()

    def confirm(self, proven: Sequence[tuple[str, int, str | None]]) -> int:
        """Settle unknown messages that a look-up proved accepted: (id, attempt, provider's id) each."""
        rows = self._all(
            "confirm",
            ids=[one[0] for one in proven],
            attempts=[one[1] for one in proven],
            provider_ids=[one[2] for one in proven],
        )
        return len(rows)

    def waiting(self, channel: str, now: datetime) -> Waiting:
        """What the channel still has to do at ``now``."""
        due, next_due, held = self._one("waiting", channel=channel, now=now)
        return Waiting(due, next_due, held)

    def states(self) -> dict[str, int]:
        """Messages of the business date by state."""
        rows = self._connection.execute(
            "select state, count(*) from ops.messages where business_date = %s group by state order by state",
            (self._business_date,),
        )
        return dict(rows.fetchall())

    def _guard(self) -> None:
        try:
            with self._connection.transaction():
                self._connection.execute(f"set local lock_timeout = '{GATE_TIMEOUT}'")
                self._connection.execute("select ops.guard_consent()")
        except psycopg.errors.LockNotAvailable:
            raise TransientError("Customers or consent are being loaded; delivery cannot begin.") from None

    def _read_consent(self) -> int:
        """Read consent again where anything behind the closed gate changed; the generation that now holds."""
        # A sequence that was never called shows its start, which is also its first value.
        (generation,) = self._connection.execute(
            "select case when is_called then last_value else 0 end from ops.consent_generation"
        ).fetchall()[0]
        if generation != self._generation:
            self._connection.execute(statement("read_consent"))
        return int(generation)

    def _settle(self, settled: Sequence[Settlement]) -> Iterator[str]:
        if not settled:
            return
        rows = self._all(
            "settle",
            ids=[s.message_id for s in settled],
            attempts=[s.attempt for s in settled],
            results=[s.outcome.kind for s in settled],
            states=[s.state for s in settled],
            reasons=[s.reason for s in settled],
            not_before=[s.not_before for s in settled],
            provider_ids=[s.outcome.provider_id for s in settled],
            codes=[s.outcome.code for s in settled],
        )
        yield from (row[0] for row in rows)
        if refusals := [s.message_id for s in settled if s.outcome.opted_out]:
            self._connection.execute(statement("suppress"), {"ids": refusals})

    def _promote(self, wanted: Sequence[str]) -> Iterator[tuple[str, int]]:
        if wanted:
            yield from self._all("promote", ids=list(wanted))

    def _values(self, **values: Any) -> dict[str, Any]:
        return {"worker": self.worker, "business_date": self._business_date, **values}

    def _all(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement(name), self._values(**values)).fetchall()

    def _one(self, name: str, **values: Any) -> tuple[Any, ...]:
        return self._all(name, **values)[0]
