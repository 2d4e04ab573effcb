"""Nights through Airflow's real scheduler, on a chain of three small partitioned DAGs."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from huitou.orchestration import scheduler_lock
from huitou.orchestration.environment import DAGS_FOLDER, METADATA_DSN
from huitou.orchestration.scheduler_lock import NIGHT, SchedulerBusy
from huitou.settings import Settings

pytestmark = pytest.mark.e2e

CHAIN = ["first_link", "second_link", "third_link"]
TASKS = [
    "first_link.list_parts",
    "first_link.load_part[red]",
    "first_link.load_part[green]",
    "first_link.load_part[blue]",
    "first_link.release",
    "second_link.check",
    "second_link.build",
    "third_link.send",
]


@pytest.fixture(scope="module")
def heard(place: Any) -> dict[str, dict[str, Any]]:
    """What was heard in one process that ran every case below, one after another."""
    cases: dict[str, dict[str, Any]] = {
        "two": {"dates": ["2025-01-01", "2025-01-02"]},
        "quality": {"dates": ["2025-01-03", "2025-01-04"], "faults": {"check 2025-01-03": "quality"}},
        "again": {"dates": ["2025-01-03", "2025-01-01"]},
        "transient": {
            "dates": ["2025-01-05"],
            "faults": {"load_part[green] 2025-01-05": "transient once", "check 2025-01-05": "transient once"},
        },
        "database": {"dates": ["2025-01-06"], "faults": {"send 2025-01-06": "database"}},
    }
    return dict(zip(cases, place.nights(*cases.values()), strict=True))


def kinds(heard: dict[str, Any], kind: str) -> list[list[Any]]:
    return [event for event in heard["events"] if event[0] == kind]


def test_every_task_runs_in_order_when_nothing_fails(heard: dict[str, dict[str, Any]]) -> None:
    for outcome in heard["two"]["outcomes"]:
        assert outcome["ok"] is True
        assert list(outcome["seconds"]) == TASKS
    assert [event[2] for event in kinds(heard["two"], "task_done")] == TASKS * 2


def test_nights_follow_each_other_when_there_are_two(heard: dict[str, dict[str, Any]]) -> None:
    order = [event[:2] for event in heard["two"]["events"] if event[0].startswith("night")]
    assert order == [
        ["night_started", "2025-01-01"],
        ["night_ended", "2025-01-01"],
        ["night_started", "2025-01-02"],
        ["night_ended", "2025-01-02"],
    ]


@pytest.mark.usefixtures("heard")
def test_no_run_but_the_ones_asked_for_when_the_schedule_is_every_minute(place: Any) -> None:
    found = place.rows("select distinct dag_id, run_type from dag_run order by dag_id")
    assert found == [("first_link", "manual"), ("second_link", "asset_triggered"), ("third_link", "asset_triggered")]
    assert place.rows("select count(*) from dag_run where partition_key = '2025-01-02'") == [(3,)]


def test_chain_stops_when_a_rule_is_broken(heard: dict[str, dict[str, Any]], place: Any) -> None:
    (outcome,) = heard["quality"]["outcomes"]
    assert outcome["ok"] is False
    assert outcome["failed_task"] == "second_link.check"
    assert outcome["error"] == "rule r of table t failed for 3 keys"
    assert kinds(heard["quality"], "task_retry") == []
    assert place.rows("select count(*) from dag_run where partition_key = '2025-01-04'") == [(0,)]


def test_a_date_runs_again_when_it_failed_or_was_done_before(heard: dict[str, dict[str, Any]], place: Any) -> None:
    assert [(o["date"], o["ok"]) for o in heard["again"]["outcomes"]] == [("2025-01-03", True), ("2025-01-01", True)]
    states = place.rows("select dag_id, state from dag_run where partition_key = '2025-01-03' order by dag_id, id")
    assert states == [
        ("first_link", "success"),
        ("first_link", "success"),
        ("second_link", "failed"),
        ("second_link", "success"),
        ("third_link", "success"),
    ]


def test_task_is_tried_again_soon_when_the_error_is_transient(heard: dict[str, dict[str, Any]]) -> None:
    (outcome,) = heard["transient"]["outcomes"]
    assert outcome["ok"] is True
    assert [event[2] for event in kinds(heard["transient"], "task_retry")] == [
        "first_link.load_part[green]",
        "second_link.check",
    ]
    assert {event[4] for event in kinds(heard["transient"], "task_retry")} == {"the provider does not answer yet"}


def test_values_of_a_row_stay_unsaid_when_the_database_objects(heard: dict[str, dict[str, Any]], place: Any) -> None:
    (outcome,) = heard["database"]["outcomes"]
    assert outcome["ok"] is False
    assert outcome["failed_task"] == "third_link.send"
    assert outcome["error"].startswith("InvalidTextRepresentation (SQLSTATE 22P02)")
    assert len(kinds(heard["database"], "task_retry")) == 1
    written = [Path(outcome["log"]), *(place.home / "airflow" / "logs").rglob("*.log")]
    assert len(written) > 1
    assert not [path for path in written if "zhang.wei" in path.read_text()]


def test_each_try_has_its_log_when_the_ui_looks_for_it(heard: dict[str, dict[str, Any]], place: Any) -> None:
    assert heard["transient"]["outcomes"][0]["ok"] is True
    (run_id,) = place.rows("select run_id from dag_run where partition_key = '2025-01-05' and dag_id = 'second_link'")[
        0
    ]
    folder = place.home / "airflow" / "logs" / "dag_id=second_link" / f"run_id={run_id}" / "task_id=check"
    assert "the provider does not answer yet" in (folder / "attempt=1.log").read_text()
    assert "the provider does not answer yet" not in (folder / "attempt=2.log").read_text()


def hang(place: Any, day: str) -> Any:
    """Start a night that hangs in its sixth task, and wait until it does."""
    marker = place.home / "hanging"
    marker.unlink(missing_ok=True)
    process = place.start({"dates": [day], "faults": {f"check {day}": "hang"}})
    deadline = time.monotonic() + 60
    while not marker.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def test_next_night_runs_when_the_last_one_was_killed(place: Any) -> None:
    process = hang(place, "2025-02-01")
    with pytest.raises(SchedulerBusy, match="A night is running"):
        scheduler_lock.take(Settings(home=place.home), NIGHT)
    process.kill()
    process.communicate()
    assert place.rows("select count(*) from dag_run where state = 'running'") == [(1,)]

    (after,) = place.nights({"dates": ["2025-02-02", "2025-02-01"]})
    assert [o["ok"] for o in after["outcomes"]] == [True, True]
    left = place.rows("select dag_id, state from dag_run where state <> 'success' and partition_key = '2025-02-01'")
    assert left == [("second_link", "failed")]
    assert place.rows("select count(*) from task_instance where state = 'running'") == [(0,)]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, -signal.SIGINT)])
def test_nothing_is_left_running_when_the_night_is_told_to_stop(place: Any, number: int, code: int) -> None:
    process = hang(place, "2025-02-03")
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code, err
    assert place.rows("select count(*) from dag_run where state in ('queued', 'running')") == [(0,)]
    assert place.rows("select count(*) from task_instance where state in ('queued', 'running')") == [(0,)]
    assert scheduler_lock.holder(Settings(home=place.home)) is None


def test_error_names_the_file_when_a_dag_cannot_be_imported(make_place: Any, tmp_path: Path) -> None:
    (tmp_path / "broken_link.py").write_text("import airflow\nfrom shop import dag\n")
    place = make_place()
    place.more = {DAGS_FOLDER: str(tmp_path)}
    process = place.start({"dates": ["2025-01-01"]})
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err == "The DAG file broken_link.py cannot be imported: ModuleNotFoundError: No module named 'shop'"


def test_error_says_so_when_the_metadata_database_is_away(make_place: Any) -> None:
    place = make_place()
    place.more = {METADATA_DSN: "postgresql+psycopg2://huitou:secret@127.0.0.1:1/airflow"}
    process = place.start({"dates": ["2025-01-01"]})
    _, err = process.communicate(timeout=60)
    assert process.returncode == 4
    assert "Airflow's metadata database does not answer" in err
    assert "Connection refused" in err
    assert "secret" not in err
