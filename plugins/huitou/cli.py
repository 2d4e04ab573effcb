"""The command line: one verb a step, each calling the function that the DAG's task calls."""

from __future__ import annotations

import sys

import click
import psycopg

from huitou import __version__
from huitou.commands import answers, docs, servers, steps, vault
from huitou.commands.quarantine import quarantine
from huitou.commands.segments import segments
from huitou.commands.value import value
from huitou.errors import HuitouError, UserError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__)
def cli() -> None:
    """Huitou (回头): a shop's nights, from files as sent to messages accepted once."""


for command in (
    steps.shop,
    steps.ingest,
    steps.check,
    steps.build,
    steps.plan,
    steps.deliver,
    steps.night,
    answers.why,
    answers.status,
    segments,
    quarantine,
    docs.docs,
    servers.db,
    servers.sandbox,
    servers.ui,
    value,
    vault.vault,
):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line. A mistake or a failed night is one message and an exit code, never a traceback."""
    try:
        cli.main(args=arguments, prog_name="huitou", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(UserError.exit_code)
    except click.Abort:
        click.echo("huitou: interrupted", err=True)
        sys.exit(130)
    except HuitouError as error:
        click.echo(f"huitou: {error}", err=True)
        sys.exit(error.exit_code)
    except psycopg.Error as error:
        # DETAIL and CONTEXT quote values of rows; the primary message does not.
        click.echo(f"huitou: the warehouse refused: {error.diag.message_primary or type(error).__name__}", err=True)
        sys.exit(HuitouError.exit_code)
    except OSError as error:
        click.echo(f"huitou: {error.strerror or error}: {error.filename or ''}".rstrip(": "), err=True)
        sys.exit(UserError.exit_code)


if __name__ == "__main__":
    main()
