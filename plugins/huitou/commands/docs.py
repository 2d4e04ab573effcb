"""The documentation that is written from the models."""

from __future__ import annotations

import click

from huitou.commands.common import ready


@click.group()
def docs() -> None:
    """The pages that are written from the models."""


@docs.command()
def metrics() -> None:
    """Write docs/metrics.md from the yml of the marts.

    Example: huitou docs metrics
    """
    from huitou.transform.metrics_page import write_metrics_page

    click.echo(write_metrics_page())


@docs.command()
def build() -> None:
    """Write dbt's documentation of every model and column, one page, to docs/ in HUITOU_HOME.

    Example: huitou docs build
    """
    from huitou.transform.docs_site import build_docs

    click.echo(build_docs(ready()))
