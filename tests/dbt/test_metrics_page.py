"""docs/metrics.md explains every column of every mart, and no column that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from huitou.settings import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "metrics.md"
MARTS = PROJECT_ROOT / "dbt" / "models" / "marts"


def sections() -> Iterator[tuple[str, str]]:
    """(title, text) of each second-level section."""
    parts = re.split(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return zip(parts[1::2], parts[2::2], strict=True)


def explained() -> dict[str, set[str]]:
    """Columns in the table of each mart's section."""
    return {
        title: set(re.findall(r"^\| `(\w+)` \| \S", text, flags=re.MULTILINE))
        for title, text in sections()
        if title not in ("Ground rules", "Odd rows", "Audiences")
    }


def stated() -> dict[str, set[str]]:
    """Columns outside the key in each mart's yml."""
    found = {}
    for path in MARTS.glob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            key = next(c["columns"] for c in model["constraints"] if c["type"] == "primary_key")
            found[model["name"]] = {c["name"] for c in model["columns"]} - set(key)
    return found


def test_page_and_yml_name_the_same_marts_and_columns() -> None:
    assert len(stated()) >= 6
    assert explained() == stated()


def test_section_states_grain_and_source() -> None:
    for title, text in sections():
        if title in stated():
            assert re.search(r"^Grain: a ", text, flags=re.MULTILINE), title
            assert "Source: " in text or "As `satisfaction_daily`" in text, title


def test_audiences_are_explained() -> None:
    text = dict(sections())["Audiences"]
    for path in (PROJECT_ROOT / "dbt" / "models" / "audiences").glob("*.sql"):
        assert f"`{path.stem}`" in text
