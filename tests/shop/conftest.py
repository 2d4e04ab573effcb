"""A small shop on disk and a larger one in memory, each made once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from huitou.settings import Settings
from huitou.shop.generate import ShopSummary, generate
from huitou.shop.made import Shop, make_shop
from huitou.shop.parameters import Parameters
from huitou.shop.season import Window
from huitou.sources.feeds import load_source_set
from huitou.sources.file_spec import FilesSpec
from huitou.sources.readers import read_batches, read_columns

UNTIL = date(2026, 11, 20)
CUSTOMERS, DAYS, SEED = 400, 45, 3
SPECS = {
    Path(feed.files.path).name: feed.files for feed in load_source_set(Settings(home=Path("nowhere"))).feeds.values()
}

Reader = Callable[[str, str], dict[int, dict[str, str | None]]]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> ShopSummary:
    """400 customers, the 45 nights up to 20 November 2026 (双11 among them), written to disk."""
    return generate(tmp_path_factory.mktemp("shop") / "small", CUSTOMERS, DAYS, SEED, UNTIL)


@pytest.fixture(scope="session")
def large() -> Shop:
    """12,000 customers over a year, in memory."""
    return make_shop(12_000, Window.ending(UNTIL, 365), 11, Parameters())


def _read_file(path: Path) -> dict[int, dict[str, str | None]]:
    """The rows of a file by the line that each begins on; an empty value is None."""
    spec = SPECS.get(path.name) or FilesSpec(path=path.name, format="csv")
    rows: dict[int, dict[str, str | None]] = {}
    columns = read_columns(path, spec)
    for batch in read_batches(path, spec, columns):
        assert not batch.bad
        values = pa.table(batch.columns).to_pylist() if columns else []
        cleaned = ({name: value or None for name, value in row.items()} for row in values)
        rows.update(zip(batch.lines.tolist(), cleaned, strict=True))
    return rows


@pytest.fixture(scope="session")
def read_file() -> Callable[[Path], dict[int, dict[str, str | None]]]:
    """Reads any file of a shop: its rows by the line that each begins on."""
    return _read_file


@pytest.fixture(scope="session")
def drop(small: ShopSummary) -> Reader:
    """Rows of a night's file of the small shop, by line; each file is read once."""
    cache: dict[Path, dict[int, dict[str, str | None]]] = {}

    def read(night: str, file: str) -> dict[int, dict[str, str | None]]:
        path = small.folder / "drops" / night / file
        if path not in cache:
            cache[path] = _read_file(path)
        return cache[path]

    return read


@pytest.fixture(scope="session")
def truth(small: ShopSummary) -> Callable[[str], list[dict[str, str | None]]]:
    """The rows of a truth file of the small shop."""
    return lambda name: list(_read_file(small.folder / "truth" / name).values())


@pytest.fixture
def truth_of_four(warehouse: Settings) -> dict[tuple[str, str], dict[str, str | None]]:
    """What is planted by (night, file) in a shop of four nights, written below the warehouse's home."""
    generate(warehouse.home / "shop", 300, 4, 9, UNTIL)
    rows = _read_file(warehouse.home / "shop" / "truth" / "sent.csv").values()
    return {(row["night"], row["file"]): row for row in rows}
