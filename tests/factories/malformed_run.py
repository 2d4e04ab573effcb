"""Ingests malformed files one by one and judges what became of them.

``write`` makes the files. Run as a program, ``malformed_run.py FIRST COUNT FOLDER`` reads the settings from the
environment and prints, as JSON, what became of each and the most memory that the process held, in MiB.
"""

from __future__ import annotations

import json
import resource
import sys
import traceback
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from factories.feeds import ORDERS, SourceFactory
from factories.malformed import case_of
from factories.malformed_parts import Case
from huitou.errors import TransientError, UserError
from huitou.settings import Settings
from huitou.sources import files
from huitou.sources.ingest import ingest
from huitou.warehouse.connection import connect

NIGHT = date(2026, 11, 20)


def write(folder: Path, first: int, count: int) -> None:
    """Put the cases of these seeds into ``folder``: a file each, and beside it what must become of it."""
    folder.mkdir(parents=True)
    for seed in range(first, first + count):
        kind, case = case_of(seed)
        (folder / f"{seed}.content").write_bytes(case.content)
        told = asdict(case) | {"content": "", "kind": kind}
        (folder / f"{seed}.json").write_text(json.dumps(told), encoding="utf-8")


def run(shop: SourceFactory, seed: int, told: dict[str, Any], content: Path) -> dict[str, Any]:
    """Ingest one case; the answer's ``wrong`` says what of it is not as it must be."""
    kind = told.pop("kind")
    case = Case(**told)
    name = f"orders-{seed}.{case.suffix}"
    spec = {"path": f"{{business_date}}/{name}", **case.spec}
    if case.control is not None:
        spec["control"] = f"{{business_date}}/control-{seed}.json"
        shop.drop(NIGHT, f"control-{seed}.json", json.dumps({"files": {name: case.control}}))
    shop.feed("orders", ORDERS, files=spec)
    path = content.rename(shop.drops / NIGHT.isoformat() / name)
    answer: dict[str, Any] = {"seed": seed, "kind": kind, "wrong": []}
    try:
        _ingest(shop, path if case.grows else None)
        answer["refused"] = None
    except (UserError, TransientError) as error:
        answer["refused"] = f"{type(error).__name__}: {error}"
    except Exception:
        answer["refused"] = "traceback"
        answer["wrong"].append(traceback.format_exc(limit=-3))
    path.unlink()
    answer["wrong"] += _judged(shop.settings, case, f"{NIGHT}/{name}", answer["refused"])
    return answer


def _ingest(shop: SourceFactory, grows: Path | None) -> None:
    find = files.find

    def growing_find(*given: Any) -> Any:
        found = find(*given)
        if grows is not None:
            with grows.open("ab") as stream:
                stream.write(b"one more line\n")
        return found

    files.find = growing_find
    try:
        ingest(shop.settings, "orders", NIGHT)
    finally:
        files.find = find


def _judged(settings: Settings, case: Case, name: str, refused: str | None) -> list[str]:
    with connect(settings) as connection:
        row = connection.execute(
            "select file_id, rows_seen, loaded, duplicate, quarantined from landing.files where name = %s", (name,)
        ).fetchone()
        in_raw, held = 0, 0
        if row:
            in_raw, held = connection.execute(
                "select (select count(*) from raw.orders where _file_id = %s),"
                " (select count(*) from quarantine.rows where file_id = %s)",
                (row[0], row[0]),
            ).fetchone() or (0, 0)
    wrong = []
    if case.refused is not None and case.refused is (refused is None):
        wrong.append(f"refused must be {case.refused}, is {refused}")
    if refused is not None:
        if row:
            wrong.append("refused, and in the manifest")
        if "\n" in refused or not refused.endswith(".") or len(refused) > 1000:
            wrong.append(f"not one clear message: {refused[:2000]}")
        return wrong
    if row is None:
        return [*wrong, "neither refused nor in the manifest"]
    _, seen, loaded, duplicate, quarantined = row
    if seen != loaded + duplicate + quarantined or in_raw != loaded or held != quarantined:
        wrong.append(
            f"{seen} seen, {loaded} loaded, {duplicate} duplicate, {quarantined} bad; {in_raw} and {held} kept"
        )
    if case.rows is not None and seen != case.rows:
        wrong.append(f"{case.rows} rows, {seen} seen")
    if case.loaded is not None and loaded < case.loaded:
        wrong.append(f"{case.loaded} good rows, {loaded} loaded")
    return wrong


def main(first: str, count: str, folder: str) -> None:
    shop = SourceFactory(Path(folder) / "shop", Settings.from_env())
    (shop.drops / NIGHT.isoformat()).mkdir()
    answers = []
    for seed in range(int(first), int(first) + int(count)):
        told = Path(folder, "cases", f"{seed}.json")
        answers.append(run(shop, seed, json.loads(told.read_text(encoding="utf-8")), told.with_suffix(".content")))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({"answers": answers, "peak_mib": peak}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
