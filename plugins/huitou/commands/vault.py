"""The vault: its keys, the retention of files with personal data, erasure."""

from __future__ import annotations

from datetime import date

import click

from huitou.commands.common import date_option, json_option, ready, show


@click.group()
def vault() -> None:
    """Personal data: keys, retention, erasure."""


@vault.command("status")
@json_option
def vault_status(as_json: bool) -> None:
    """List the vault's keys: which names, which seals, how much each sealed, which is missing.

    Example: huitou vault status
    """
    from huitou.warehouse.rotation import vault_status as status

    show(status(ready()), as_json)


@vault.command("key")
def vault_key() -> None:
    """Print a fresh key, for a secret store and HUITOU_VAULT_KEY; nothing keeps it.

    Example: huitou vault key
    """
    from huitou.warehouse.vault_keys import fresh_key

    click.echo(fresh_key().text)


@vault.command("rotate")
@json_option
def vault_rotate(as_json: bool) -> None:
    """Seal everything with a new key; a rotation that was broken off goes on.

    Example: huitou vault rotate
    """
    from huitou.warehouse.rotation import rotate

    show(rotate(ready()), as_json)


@vault.command("retire")
@date_option()
def vault_retire(business_date: date) -> None:
    """Delete landed files with personal data that are older than HUITOU_LANDING_DAYS.

    Example: huitou vault retire --date 2026-11-21
    """
    from huitou.sources.retention import retire

    click.echo(f"{retire(ready(), business_date)} files deleted; their manifests stay.")


@vault.command("erase")
@click.argument("customer")
@date_option()
@click.confirmation_option(prompt="This cannot be undone. Erase?")
@json_option
def vault_erase(customer: str, business_date: date, as_json: bool) -> None:
    """Erase what is personal of a customer, for good: a key (c_…) or the shop's customer id.

    Example: huitou vault erase c_0f3a… --date 2026-11-21 --yes
    """
    from huitou.sources.erasure import erase

    show(erase(ready(), customer, business_date), as_json)
