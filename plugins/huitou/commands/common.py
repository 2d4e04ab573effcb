"""What the commands share: dates, JSON, tables, and a warehouse that is up."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from huitou.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])
console = Console(highlight=False)


class BusinessDate(click.ParamType[date]):
    """A date written as YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        from huitou.sources.feeds import iso_date

        return value if isinstance(value, date) else iso_date(value)


def date_option(required: bool = True) -> Callable[[Function], Function]:
    return click.option("--date", "business_date", type=BusinessDate(), required=required, help="Business date.")


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")


def ready() -> Settings:
    """The settings, with the warehouse up and current."""
    from huitou.ready import ensure_ready

    settings = Settings.from_env()
    ensure_ready(settings)
    return settings


def show(value: Any, as_json: bool) -> None:
    """Print results: JSON for a program, tables for a person."""
    rows = [dataclasses.asdict(row) for row in (value if isinstance(value, list) else [value])]
    if as_json:
        click.echo(json.dumps(rows if isinstance(value, list) else rows[0], ensure_ascii=False, default=str))
        return
    # A line breaks between the words of a heading and nowhere else, where there is room.
    headings = [column.replace("_", " ") for column in rows[0]] if rows else []
    widths = [max(map(len, heading.split())) for heading in headings]
    roomy = sum(widths) + 3 * len(widths) <= console.width
    if not roomy and not isinstance(value, list):
        show_one(value)
        return
    table = Table(header_style="bold", pad_edge=False)
    for heading, width in zip(headings, widths, strict=True):
        table.add_column(heading, overflow="fold", min_width=width if roomy else None)
    for row in rows:
        # Other people's words stand here: no bracket of theirs is a style.
        table.add_row(*(Text(_plain(cell)) for cell in row.values()))
    console.print(table)


def show_lines(value: list[Any], columns: list[str]) -> None:
    """Print these columns of results for a person, without rules; files and reasons break where there is no room."""
    table = Table(header_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold", no_wrap=column not in ("reasons", "file"))
    for row in map(dataclasses.asdict, value):
        table.add_row(*(Text(_plain(row[column])) for column in columns))
    console.print(table)


def show_one(value: Any) -> None:
    """Print for a person one result that has too much to say for a line: a line each of what it says."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, cell in dataclasses.asdict(value).items():
        # Other people's words stand here: no bracket of theirs is a style.
        if isinstance(cell, dict):
            table.add_row(name, "")
            for part, said in cell.items():
                table.add_row(Text(f"  {part}"), Text(_plain(said)))
        elif cell is not None and cell != []:
            table.add_row(name, Text("\n".join(map(_plain, cell)) if isinstance(cell, list) else _plain(cell)))
    console.print(table)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {amount}" for name, amount in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(_plain(item) for item in value)
    return f"{value:.2f}" if isinstance(value, float) else "" if value is None else str(value)


def ensure_provider(settings: Settings) -> None:
    """Where no provider is set, the sandbox is it, and it must run."""
    if settings.provider_url is None:
        from huitou.sandbox.control import start_sandbox

        start_sandbox(settings.home)
