"""Predicted value: fit it, and see what became of the fits."""

from __future__ import annotations

from datetime import date

import click

from huitou.commands.common import date_option, json_option, ready, show


@click.group()
def value() -> None:
    """Predicted value: orders to come, what they will be worth, and who still is a customer."""


@value.command()
@date_option()
@json_option
def fit(business_date: date, as_json: bool) -> None:
    """Fit predicted value to the customers of a date, whether or not a fit is due.

    What is accepted is in use from the next build of that date or a later one on.

    Example: huitou value fit --date 2026-11-21
    """
    from huitou.transform.fitted import build_what_fits_read, fit_value
    from huitou.warehouse.connection import connect
    from huitou.warehouse.migrate import one_at_a_time

    settings = ready()
    with connect(settings) as connection, one_at_a_time(connection, "huitou.build"):
        build_what_fits_read(settings, connection, business_date)
        show(fit_value(connection, business_date, business_date, asked=True), as_json)


@value.command("show")
@date_option()
@json_option
def show_fits(business_date: date, as_json: bool) -> None:
    """List the fits up to a date: what became of each, and why.

    Example: huitou value show --date 2026-11-21
    """
    from huitou.value.fits import up_to
    from huitou.warehouse.connection import connect

    with connect(ready()) as connection:
        show(up_to(connection, business_date), as_json)
