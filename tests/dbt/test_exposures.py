"""Every mart and audience has a reader who is written down, with an owner, and reads what the code reads."""

from __future__ import annotations

import re
from typing import Any

import yaml

from huitou import report
from huitou.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "dbt" / "models"
PLUGINS = PROJECT_ROOT / "plugins"
READS = re.compile(r"\b(?:marts|candidate)\.(\w+|\{audience\})")


def exposures() -> dict[str, dict[str, Any]]:
    text = (MODELS / "exposures.yml").read_text(encoding="utf-8")
    return {exposure["name"]: exposure for exposure in yaml.safe_load(text)["exposures"]}


def read_by(exposure: dict[str, Any]) -> set[str]:
    return set(re.findall(r'ref\("(\w+)"\)', " ".join(exposure["depends_on"])))


def models(layer: str) -> set[str]:
    return {path.stem for path in (MODELS / layer).glob("*.sql")}


def code_of(exposure: dict[str, Any]) -> list[str]:
    """The files in which its reading is written down."""
    return exposure.get("config", {}).get("meta", {}).get("read_in", [])  # type: ignore[no-any-return]


def read_in_code() -> dict[str, set[str]]:
    """Marts and audiences by the file of ours that names them; a campaign's own audience may be any."""
    found = {}
    for path in sorted(p for p in PLUGINS.rglob("*") if p.suffix in (".py", ".sql")):
        names = set(READS.findall(path.read_text(encoding="utf-8")))
        if "{audience}" in names:
            names = names - {"{audience}"} | models("audiences")
        if names:
            found[path.relative_to(PROJECT_ROOT).as_posix()] = names
    return found


def test_every_file_that_reads_marts_is_named_by_an_exposure_that_has_them() -> None:
    stated: dict[str, set[str]] = {}
    for exposure in exposures().values():
        for file in code_of(exposure):
            stated[file] = stated.get(file, set()) | read_by(exposure)
    found = read_in_code()
    assert len(found) > 8
    assert set(stated) == set(found)
    assert {file: names - stated[file] for file, names in found.items() if names - stated[file]} == {}


def test_an_exposure_of_code_has_what_its_files_read_and_no_more() -> None:
    found = read_in_code()
    of_code = {name: exposure for name, exposure in exposures().items() if code_of(exposure) and name != "dashboards"}
    assert len(of_code) >= 5
    for name, exposure in of_code.items():
        assert read_by(exposure) == set().union(*(found[file] for file in code_of(exposure))), name


def test_every_mart_is_read_by_dashboards_and_every_audience_by_campaigns() -> None:
    assert read_by(exposures()["dashboards"]) == models("marts")
    assert read_by(exposures()["campaigns"]) >= models("audiences")


def test_campaign_files_read_the_audiences_that_the_exposure_names() -> None:
    files = (PROJECT_ROOT / "dags" / "campaigns").glob("*.yml")
    named = {yaml.safe_load(path.read_text(encoding="utf-8"))["audience"] for path in files}
    assert named
    assert named <= {name for a in models("audiences") for name in (a, a.removeprefix("audience_"))}


def test_the_report_reads_the_marts_that_its_exposure_names() -> None:
    queried = set(re.findall(r"\bmarts\.(\w+)", " ".join(report.MART_QUERIES.values())))
    assert queried == read_by(exposures()["nightly_report"])


def test_every_exposure_has_an_owner_and_says_what_it_is() -> None:
    assert len(exposures()) >= 4
    for name, exposure in exposures().items():
        assert exposure["owner"]["name"], name
        assert exposure["description"], name
