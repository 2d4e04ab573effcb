"""The quarantine's verbs: list, show, release, dismiss."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from typing import Any, TypeVar

import click

from huitou.commands.common import json_option, ready, show

Function = TypeVar("Function", bound=Callable[..., Any])


@click.group()
def quarantine() -> None:
    """Rows that could not be trusted, kept whole with their reason."""


@quarantine.command("list")
@click.option("--feed", help="Only this feed.")
@click.option("--closed", is_flag=True, help="The released and the dismissed rows too.")
@json_option
def list_quarantine(feed: str | None, closed: bool, as_json: bool) -> None:
    """Count the open rows by feed, reason and file.

    Example: huitou quarantine list --feed orders
    """
    from huitou.sources.quarantine import open_cases

    cases = open_cases(ready(), feed, closed)
    if cases or as_json:
        show(cases, as_json)
    else:
        click.echo("Nothing is in quarantine.")


@quarantine.command("show")
@click.argument("quarantine_id", type=int)
@json_option
def show_quarantine(quarantine_id: int, as_json: bool) -> None:
    """Show one row as it was sent, and what was done about it; contact points stand as keyed hashes.

    Example: huitou quarantine show 17
    """
    from huitou.sources.quarantine import one_case

    show(one_case(ready(), quarantine_id), as_json)


def which_rows(command: Function) -> Function:
    """The ways to say which rows are meant, and who says so."""
    for option in (
        click.option("--by", "who", default=getpass.getuser, show_default="your user name", help="Who does it."),
        click.option("--all", "everything", is_flag=True, help="All open rows of --feed."),
        click.option("--reason", help="Of --feed, the open rows with a reason that begins so."),
        click.option("--feed", help="Open rows of this feed."),
        click.argument("ids", type=int, nargs=-1),
    ):
        command = option(command)
    return command


@quarantine.command("release")
@which_rows
@json_option
def release_rows(
    ids: tuple[int, ...], feed: str | None, reason: str | None, everything: bool, who: str, as_json: bool
) -> None:
    """Judge rows again under today's mapping and contract, and load those that are right now.

    Example: huitou quarantine release --feed orders --reason not_allowed:status
    """
    from huitou.sources.quarantine import Selection, release

    _tell(release(ready(), Selection(ids, feed, reason, everything), who), as_json)


@quarantine.command("dismiss")
@which_rows
@click.option("--because", required=True, help="Why the rows are not wanted; kept with the case.")
@json_option
def dismiss_rows(
    ids: tuple[int, ...],
    feed: str | None,
    reason: str | None,
    everything: bool,
    who: str,
    because: str,
    as_json: bool,
) -> None:
    """Close rows for good without loading them; who, when and why are kept.

    Example: huitou quarantine dismiss 17 18 --because "test orders of the till"
    """
    from huitou.sources.quarantine import Selection, dismiss

    _tell(dismiss(ready(), Selection(ids, feed, reason, everything), because, who), as_json)


def _tell(outcomes: list[Any], as_json: bool) -> None:
    if outcomes or as_json:
        show(outcomes, as_json)
    else:
        click.echo("No open row is meant by that.")
