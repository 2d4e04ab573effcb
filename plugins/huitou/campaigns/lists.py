"""Marketing's list of the day: one CSV a campaign, a row a person to be reached, nothing personal in it."""

from __future__ import annotations

import os
import secrets
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from huitou.campaigns.definition import load_campaigns
from huitou.errors import UserError
from huitou.settings import Settings
from huitou.warehouse.connection import connect
from huitou.warehouse.vault import Vault

if TYPE_CHECKING:
    import pandas as pd

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0", "＝", "＋", "－", "＠")

LIST_SQL = """
    select d.customer_key, d.segment, d.value, d.reason, d.reason_zh, m.period, m.channel,
        c.code as coupon, (c.offer ->> 'threshold')::numeric as offer_threshold,
        (c.offer ->> 'amount')::numeric as offer_amount, c.offer ->> 'currency' as offer_currency, c.valid_to,
        d.message_id::text as message_id, m.contact_kind, m.contact_hash
    from ops.decisions as d
    join ops.messages as m using (message_id)
    left join ops.coupons as c using (message_id)
    where d.campaign = %s and d.business_date = %s and d.outcome = 'send'
    order by d.value desc nulls last, d.customer_key
"""


def write_lists(settings: Settings, business_date: date, with_contacts: bool = False) -> dict[str, Path]:
    """Write the night's list of every campaign under ``lists/<date>/``; returns path by campaign.

    ``with_contacts`` adds the contact point: a deliberate export, in a file of its own that only its owner reads.
    """
    folder = settings.home / "lists" / business_date.isoformat()
    written = {}
    with connect(settings) as connection:
        for campaign in load_campaigns(settings):
            frame = _frame(connection, campaign.campaign, business_date)
            if with_contacts:
                frame["contact"] = _contacts(connection, Vault(settings), frame)
            name = f"{campaign.campaign}{'.contacts' if with_contacts else ''}.csv"
            written[campaign.campaign] = _write(frame.drop(columns=["contact_kind", "contact_hash"]), folder / name)
    return written


def _frame(connection: psycopg.Connection, campaign: str, business_date: date) -> pd.DataFrame:
    import pandas as pd

    cursor = connection.execute(LIST_SQL, (campaign, business_date))
    assert cursor.description is not None
    return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


def _contacts(connection: psycopg.Connection, vault: Vault, frame: pd.DataFrame) -> list[str]:
    sealed: dict[str, bytes] = dict(
        connection.execute(
            "select contact_hash, sealed from vault.contact_points where contact_hash = any(%s)",
            (list(frame["contact_hash"]),),
        ).fetchall()
    )
    return [vault.open(name, sealed[name]) for name in frame["contact_hash"]]


def _write(frame: pd.DataFrame, path: Path) -> Path:
    """UTF-8 with BOM, so that Excel shows Chinese; no cell can start a formula."""
    partial = path.with_name(f".{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8-sig") as out:
            frame.map(_as_cell).to_csv(out, index=False, lineterminator="\r\n")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UserError(f"The list {path} cannot be written: {error.strerror}.") from None
    return path


def _as_cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
