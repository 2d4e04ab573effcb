"""Builds dbt's own documentation: every model, column, test and the way between them, as one page without a server."""

from __future__ import annotations

import shutil
from pathlib import Path

from huitou.errors import PermanentError
from huitou.settings import Settings
from huitou.transform import dbt


def build_docs(settings: Settings) -> Path:
    """Write ``docs/index.html`` in the state folder and return its path.

    The page is whole in itself and shows the tables as they stand in the warehouse. Raises what ``dbt`` raises.
    """
    written = dbt.generate_docs(settings)
    if not written.is_file():
        raise PermanentError(f"dbt wrote no documentation to {written}.")
    page = settings.home / "docs" / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(written, page)
    return page
