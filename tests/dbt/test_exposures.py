"""Every mart and audience has a reader who is written down, with an owner, and reads what the code reads."""

from __future__ import annotations

import re
from typing import Any

import yaml

from huitou import report
from huitou.settings import PROJECT_ROOT

MODELS = PROJECT_ROOT / "dbt" / "models"


def exposures() -> dict[str, dict[str, Any]]:
    text = (MODELS / "exposures.yml").read_text(encoding="utf-8")
    return {exposure["name"]: exposure for exposure in yaml.safe_load(text)["exposures"]}


def read_by(exposure: dict[str, Any]) -> set[str]:
    return set(re.findall(r'ref\("(\w+)"\)', " ".join(exposure["depends_on"])))


def models(layer: str) -> set[str]:
    return {path.stem for path in (MODELS / layer).glob("*.sql")}


def test_every_mart_is_read_by_dashboards_and_every_audience_by_campaigns() -> None:
    assert read_by(exposures()["dashboards"]) == models("marts")
    assert read_by(exposures()["campaigns"]) == models("audiences")


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
