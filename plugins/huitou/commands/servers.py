"""The servers: database, sandbox provider, Airflow's pages."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from urllib.parse import unquote, urlsplit

import click

from huitou.commands.common import ensure_provider, json_option, ready, show
from huitou.errors import UserError
from huitou.settings import Settings, process_environment


@click.group()
def db() -> None:
    """The embedded PostgreSQL."""


def _server() -> Any:
    from huitou.warehouse.embedded import EmbeddedServer

    return EmbeddedServer(Settings.from_env())


@db.command("start")
@json_option
def db_start(as_json: bool) -> None:
    """Start the server, with its databases and tables there.

    Example: huitou db start
    """
    ready()
    show(_server().start(), as_json)


@db.command("stop")
@click.option("--remove", is_flag=True, help="Also delete its data and files.")
def db_stop(remove: bool) -> None:
    """Stop the server; what was committed stays.

    Example: huitou db stop
    """
    if remove:
        _server().remove()
        click.echo("Removed.")
    else:
        click.echo("Stopped." if _server().stop() else "It did not run.")


@db.command("status")
@json_option
def db_status(as_json: bool) -> None:
    """Say whether the server runs, and where.

    Example: huitou db status
    """
    show(_server().status(), as_json)


@db.command("uri")
def db_uri() -> None:
    """Print the warehouse's address, password included: for a program, not for a log.

    Example: huitou db uri
    """
    from huitou.warehouse.connection import url

    click.echo(url(Settings.from_env()))


@db.command("psql", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def db_psql(arguments: tuple[str, ...]) -> None:
    """Open psql on the warehouse; arguments go to psql.

    Example: huitou db psql -c "select * from marts.customer_segments limit 5"
    """
    from huitou.warehouse.connection import url
    from huitou.warehouse.postgres_programs import psql

    # The address goes by the environment: the process list shows arguments to everybody.
    settings = ready()
    address = urlsplit(url(settings))
    variables = {
        "PGHOST": address.hostname,
        "PGPORT": str(address.port or 5432),
        "PGUSER": unquote(address.username or ""),
        "PGPASSWORD": unquote(address.password or ""),
        "PGDATABASE": address.path.lstrip("/"),
    }
    given = {name: value for name, value in variables.items() if value}
    sys.exit(subprocess.call([psql(), *arguments], env=process_environment() | given))


@click.group()
def sandbox() -> None:
    """The stand-in messaging provider: a process and a ledger of its own."""


@sandbox.command("start")
@click.option("--port", type=click.IntRange(1, 65535), help="Port on loopback; a free one if not given.")
@click.option("--fault", "faults", multiple=True, help="before|after:timeout|reset|500|429|garbage|slow:COUNT")
@json_option
def sandbox_start(port: int | None, faults: tuple[str, ...], as_json: bool) -> None:
    """Start the provider; with --fault it fails that many times before or after it accepts.

    Example: huitou sandbox start --fault after:timeout:3
    """
    from huitou.sandbox.control import start_sandbox

    show(start_sandbox(Settings.from_env().home, port, [_fault(text) for text in faults] or None), as_json)


def _fault(text: str) -> dict[str, Any]:
    when, _, rest = text.partition(":")
    kind, _, count = rest.partition(":")
    if when not in ("before", "after") or not count.isdigit():
        raise UserError(f"--fault {text!r}: write it as before|after:KIND:COUNT, for example after:timeout:3.")
    return {"when": when, "kind": kind, "count": int(count)}


@sandbox.command("stop")
def sandbox_stop() -> None:
    """Stop the provider; its ledger stays.

    Example: huitou sandbox stop
    """
    from huitou.sandbox.control import stop_sandbox

    click.echo("Stopped." if stop_sandbox(Settings.from_env().home) else "It did not run.")


@click.group()
def ui() -> None:
    """Airflow with its pages, on loopback."""


@ui.command("start")
@json_option
def ui_start(as_json: bool) -> None:
    """Start Airflow and print address, user and password.

    Example: huitou ui start
    """
    from huitou.orchestration.ui import start_ui

    settings = ready()
    ensure_provider(settings)
    show(start_ui(settings), as_json)


@ui.command("stop")
def ui_stop() -> None:
    """Stop Airflow.

    Example: huitou ui stop
    """
    from huitou.orchestration.ui import stop_ui

    click.echo("Stopped." if stop_ui(Settings.from_env()) else "It did not run.")
