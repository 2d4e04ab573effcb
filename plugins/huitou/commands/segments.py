"""Lifecycle classes: who moved."""

from __future__ import annotations

from datetime import date

import click

from huitou.commands.common import BusinessDate, json_option, ready, show


@click.group()
def segments() -> None:
    """Customers by lifecycle class."""


@segments.command()
@click.option("--from", "first", type=BusinessDate(), required=True, help="The earlier date.")
@click.option("--to", "last", type=BusinessDate(), required=True, help="The later date.")
@json_option
def moved(first: date, last: date, as_json: bool) -> None:
    """Count who moved from which lifecycle class to which between any two dates.

    Example: huitou segments moved --from 2026-09-30 --to 2026-11-21
    """
    from huitou.transform.segment_moves import moved as matrix

    show(matrix(ready(), first, last), as_json)
