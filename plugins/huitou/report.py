"""The report of a night: collected as plain data, drawn as tables a person reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table

from huitou.settings import Settings
from huitou.warehouse.connection import connect

Row = dict[str, Any]

QUERIES = {
    "feeds": """
        select feed, count(*) as files, sum(rows_seen)::bigint as seen, sum(loaded)::bigint as loaded,
            sum(duplicate)::bigint as duplicate, sum(quarantined)::bigint as quarantined
        from landing.files where night = %(day)s group by feed order by feed
    """,
    "drift": """
        select d.feed, d.kind, d.name, d.since, d.hint
        from landing.drift as d join landing.files as f on f.file_id in (d.first_file, d.last_file)
        where f.night = %(day)s and not d.over group by d.source, d.feed, d.kind, d.name order by 1, 2, 3
    """,
    "gates": """
        select gate, count(*) as rules, count(*) filter (where passed) as passed,
            count(*) filter (where not passed and severity = 'critical') as critical,
            count(*) filter (where not passed and severity <> 'critical') as warnings,
            string_agg(dataset || ' ' || rule || ' ×' || failing, ', ' order by severity, dataset, rule)
                filter (where not passed) as failed
        from ops.gate_results where business_date = %(day)s group by gate order by gate desc
    """,
    "decisions": """
        select p.campaign, p.candidates, d.outcome, count(d.*) as people
        from ops.plans as p left join ops.decisions as d using (campaign, business_date)
        where p.business_date = %(day)s group by p.campaign, p.candidates, d.outcome order by p.campaign, d.outcome
    """,
    "messages": """
        select campaign, state, count(*) as messages from ops.messages
        where business_date = %(day)s group by campaign, state order by campaign, state
    """,
    "steps": """
        select distinct on (step) step, outcome, detail ->> 'error' as error,
            round(seconds::numeric, 2)::float as seconds
        from ops.steps where business_date = %(day)s order by step, step_id desc
    """,
}
MART_QUERIES = {
    "alerts": """
        select signal, concat_ws(' ', nullif(part, 'all'), nullif(part_name, 'all')) as part, direction,
            actual::float, expected::float, expected_low::float, expected_high::float,
            concat_ws(' ', cause_part, cause_name, round(100 * cause_share) || ' %%') as cause, since
        from marts.alerts where is_tonight order by abs(z) desc, signal, part, part_name
    """,
    "segments": "select lifecycle, count(*) as people from marts.customer_segments group by 1 order by 2 desc, 1",
    "satisfaction": """
        select metric, dimension, n, value::float, ci_low::float, ci_high::float
        from marts.satisfaction_recent order by metric, dimension
    """,
}


def collect(settings: Settings, business_date: date) -> dict[str, Any]:
    """Everything there is to say of a night. The marts' part is there only while they stand at that date."""
    with connect(settings) as connection:
        report: dict[str, Any] = {"business_date": business_date.isoformat()}
        for name, query in QUERIES.items():
            report[name] = _rows(connection, query, business_date)
        report["marts_as_of"] = _marts_as_of(connection)
        if report["marts_as_of"] == business_date.isoformat():
            for name, query in MART_QUERIES.items():
                report[name] = _rows(connection, query, business_date)
    return report


def latest_date(settings: Settings) -> date | None:
    """The newest business date of which any step ran."""
    with connect(settings) as connection:
        row = connection.execute("select max(business_date) from ops.steps").fetchone()
    return row[0] if row else None


def _rows(connection: psycopg.Connection, query: str, day: date) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), {"day": day}).fetchall()


def _marts_as_of(connection: psycopg.Connection) -> str | None:
    row = connection.execute(
        "select business_date from ops.publications order by publication_id desc limit 1"
    ).fetchone()
    return row[0].isoformat() if row else None


def draw(report: dict[str, Any], console: Console) -> None:
    """Print the report as tables."""
    console.rule(f"[bold]Night of {report['business_date']}")
    _table(console, "Rows", report["feeds"], ("feed", "files", "seen", "loaded", "duplicate", "quarantined"))
    _table(console, "Columns that changed", report["drift"], ("feed", "kind", "name", "since", "hint"))
    _table(console, "Gates", report["gates"], ("gate", "rules", "passed", "critical", "warnings", "failed"))
    if "segments" in report:
        _table(console, "People by segment", report["segments"], ("lifecycle", "people"))
        _draw_alerts(report["alerts"], console)
        satisfaction = [_with_interval(row) for row in report["satisfaction"]]
        _table(console, "Satisfaction", satisfaction, ("metric", "dimension", "n", "value", "95 % interval"))
    elif report["marts_as_of"]:
        console.print(
            f"The marts stand at {report['marts_as_of']}: people, alerts and satisfaction of this date are past.\n"
        )
    _table(console, "Decisions", _by_campaign(report["decisions"]), ("campaign", "candidates", "outcomes"))
    _table(console, "Messages", report["messages"], ("campaign", "state", "messages"))
    steps = _grouped_steps(report["steps"])
    _table(console, "Seconds", steps, ("step", "seconds", "outcome"))
    console.print(f"Data work: {sum(row['seconds'] for row in steps):.1f} s\n")


def _draw_alerts(alerts: list[Row], console: Console) -> None:
    if not alerts:
        console.print("Alerts: none\n")
    rows = [_with_range(row) for row in alerts]
    columns = ("signal", "part", "direction", "actual", "expected", "expected range", "likely cause", "since")
    _table(console, "Alerts", rows, columns)


def _table(console: Console, title: str, rows: Sequence[Row], columns: Sequence[str]) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", pad_edge=False)
    for column in columns:
        is_number = isinstance(rows[0].get(column), int | float)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    console.print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _with_interval(row: Row) -> Row:
    low, high = row["ci_low"], row["ci_high"]
    interval = "" if low is None or high is None else f"{low:.2f} … {high:.2f}"
    return {**row, "95 % interval": interval}


def _with_range(row: Row) -> Row:
    expected = f"{row['expected_low']:,.2f} … {row['expected_high']:,.2f}"
    return {**row, "part": row["part"] or "all", "expected range": expected, "likely cause": row["cause"]}


def _by_campaign(rows: list[Row]) -> list[Row]:
    merged: dict[str, Row] = {}
    for row in rows:
        entry = merged.setdefault(row["campaign"], {"campaign": row["campaign"], "candidates": row["candidates"]})
        if row["outcome"]:
            entry.setdefault("parts", []).append(f"{row['outcome']} {row['people']:,}")
    return [{**entry, "outcomes": ", ".join(entry.get("parts", []))} for entry in merged.values()]


def _grouped_steps(rows: list[Row]) -> list[Row]:
    """Ingest as one row; the steps in the order of the night."""
    order = [
        "ingest",
        "check.raw",
        "build.value",
        "build.dbt",
        "build.clusters",
        "check.marts",
        "build.publish",
        "plan",
        "deliver",
    ]
    merged: dict[str, Row] = {}
    for row in rows:
        if row["step"] == "build.gate":
            continue
        name = "ingest" if row["step"].startswith("ingest.") else row["step"]
        entry = merged.setdefault(name, {"step": name, "seconds": 0.0, "outcome": "done"})
        entry["seconds"] += row["seconds"]
        if row["outcome"] == "failed":
            entry["outcome"] = "failed: " + str(row["error"])
    return sorted(merged.values(), key=lambda row: order.index(row["step"]) if row["step"] in order else len(order))
