"""The stand-in provider as a process: signatures, its ledger, its faults, and how it starts and stops."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from huitou.errors import UserError
from huitou.sandbox.control import SandboxStatus, start_sandbox, status, stop_sandbox

pytestmark = pytest.mark.integration
MESSAGE = {"message_id": "m-1", "campaign": "c", "channel": "http", "to": "+8613800000001", "text": "您好"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    start_sandbox(tmp_path)
    yield tmp_path
    stop_sandbox(tmp_path)


def call(
    home: Path,
    method: str = "POST",
    path: str = "/messages",
    message: Any = MESSAGE,
    at: float | None = None,
    secret: str | None = None,
    body: bytes | None = None,
) -> tuple[int, dict[str, Any]]:
    """One signed request: (status, body)."""
    where = urlsplit(json.loads((home / "sandbox" / "address.json").read_text())["url"])
    if body is None:
        body = b"" if method == "GET" else json.dumps(message).encode()
    stamp = str(int(time.time() if at is None else at))
    key = (secret or (home / "sandbox" / "secret").read_text()).encode()
    signed = hmac.new(key, stamp.encode() + b"\n" + body, hashlib.sha256).hexdigest()
    connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=5)
    try:
        connection.request(method, path, body, {"X-Huitou-Timestamp": stamp, "X-Huitou-Signature": signed})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def ledger(home: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (home / "sandbox" / "accepted.jsonl").read_text().splitlines()]


def test_ledger_holds_one_line_when_a_message_is_accepted(home: Path) -> None:
    code, body = call(home)
    (line,) = ledger(home)
    assert (code, body["code"], body["message_id"]) == (200, "accepted", "m-1")
    assert line.pop("accepted_at").endswith("+00:00")
    hashed = hashlib.sha256(b"+8613800000001").hexdigest()
    assert line == {"message_id": "m-1", "campaign": "c", "channel": "http", "contact_hash": hashed}
    assert "13800000001" not in (home / "sandbox" / "accepted.jsonl").read_text()


def test_ledger_holds_two_lines_when_the_same_id_is_posted_twice(home: Path) -> None:
    first, second = call(home)[1], call(home)[1]
    assert first["id"] != second["id"]
    assert [line["message_id"] for line in ledger(home)] == ["m-1", "m-1"]
    assert status(home).accepted == 2
    assert call(home, "GET", "/messages/m-1") == (200, {"code": "accepted", "id": second["id"]})


def test_ledger_keeps_the_reference_when_the_message_is_for_staff(home: Path) -> None:
    task = {"message_id": "s-1", "campaign": "c", "channel": "staff_webhook", "contact_ref": "ab" * 32}
    assert call(home, path="/staff", message=task)[0] == 200
    assert ledger(home)[0]["contact_hash"] == "ab" * 32


def test_ledger_survives_and_mends_when_the_process_was_killed(home: Path) -> None:
    call(home)
    pid = status(home).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    with (home / "sandbox" / "accepted.jsonl").open("a") as file:
        file.write('{"message_id": "to')
    start_sandbox(home)
    assert status(home).accepted == 1
    assert call(home, "GET", "/messages/m-1")[0] == 200
    call(home, message=MESSAGE | {"message_id": "m-2"})
    assert [line["message_id"] for line in ledger(home)] == ["m-1", "m-2"]


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"secret": "wrong"}, (401, "bad_signature")),
        ({"at": 1.7e9}, (401, "stale_timestamp")),
        ({"at": 4e9}, (401, "stale_timestamp")),
        ({"body": b"{"}, (400, "invalid_message")),
        ({"message": []}, (400, "invalid_message")),
        ({"message": {k: v for k, v in MESSAGE.items() if k != "campaign"}}, (400, "invalid_message")),
        ({"message": MESSAGE | {"message_id": 7}}, (400, "invalid_message")),
        ({"message": MESSAGE | {"to": ""}}, (400, "invalid_message")),
        ({"message": MESSAGE | {"to": "nobody"}}, (422, "invalid_recipient")),
        ({"method": "GET", "path": "/messages/m-1"}, (404, "not_found")),
        ({"method": "GET", "path": "/messages/m-1", "secret": "wrong"}, (401, "bad_signature")),
    ],
)
def test_sandbox_refuses_when_the_request_is_not_right(
    home: Path, changes: dict[str, Any], answer: tuple[int, str]
) -> None:
    code, body = call(home, **changes)
    assert (code, body["code"]) == answer
    assert ledger(home) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        ({"kind": "500"}, (500, "internal_error")),
        ({"kind": "429"}, (429, "rate_limited")),
        ({"kind": "code", "code": "recipient_blocked", "status": 403}, (403, "recipient_blocked")),
        ({"kind": "slow", "seconds": 0.1}, (200, "accepted")),
        ({"kind": "reset"}, ConnectionResetError),
        ({"kind": "timeout", "seconds": 0.1}, ConnectionResetError),
        ({"kind": "garbage"}, json.JSONDecodeError),
    ],
)
def test_fault_happens_on_its_side_of_acceptance_when_it_is_asked_for(
    home: Path, when: str, fault: dict[str, Any], answer: Any
) -> None:
    start_sandbox(home, faults=[{"when": when, "count": 1, **fault}])
    if isinstance(answer, tuple):
        code, body = call(home)
        assert (code, body["code"]) == answer
    else:
        with pytest.raises(answer):
            call(home)
    taken = when == "after" or fault["kind"] == "slow"
    assert len(ledger(home)) == int(taken)
    assert call(home)[0] == 200
    assert len(ledger(home)) == int(taken) + 1


def test_faults_strike_the_same_messages_when_the_seed_is_the_same(home: Path) -> None:
    def struck(seed: int) -> list[int]:
        start_sandbox(home, faults=[{"when": "before", "kind": "500", "share": 0.3, "seed": seed}])
        return [n for n in range(60) if call(home, message=MESSAGE | {"message_id": f"{seed}-{n}"})[0] == 500]

    first = struck(1)
    call(home, "DELETE", "/faults")
    assert call(home)[0] == 200
    stop_sandbox(home)
    start_sandbox(home)
    assert struck(1) == first
    assert 8 <= len(first) <= 30
    assert struck(2) != first


@pytest.mark.parametrize(
    "fault",
    [
        {"when": "never", "kind": "500", "count": 1},
        {"when": "before", "kind": "hiccup", "count": 1},
        {"when": "before", "kind": "500"},
        {"when": "before", "kind": "500", "count": 1, "share": 0.5},
        {"when": "before", "kind": "500", "count": 1, "sure": True},
    ],
)
def test_sandbox_says_what_is_wrong_when_the_fault_plan_is(home: Path, fault: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="The sandbox refused: "):
        start_sandbox(home, faults=[fault])
    stop_sandbox(home)
    with pytest.raises(UserError, match="bad fault plan"):
        start_sandbox(home, faults=[fault])


def test_start_gives_the_same_sandbox_when_it_runs_already(home: Path) -> None:
    first = status(home)
    assert start_sandbox(home) == first
    assert start_sandbox(home, port=urlsplit(str(first.url)).port) == first
    with pytest.raises(UserError, match="runs already at"):
        start_sandbox(home, port=1)


def test_start_makes_one_sandbox_when_many_start_it_at_once(tmp_path: Path) -> None:
    found: list[SandboxStatus] = []
    starts = [threading.Thread(target=lambda: found.append(start_sandbox(tmp_path))) for _ in range(4)]
    for one in starts:
        one.start()
    for one in starts:
        one.join()
    assert len(found) == 4
    assert len({one.pid for one in found}) == 1
    assert stop_sandbox(tmp_path)
    time.sleep(0.5)
    assert not status(tmp_path).running


def test_start_names_the_port_when_it_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"Port {port} is taken"):
            start_sandbox(tmp_path, port=port)
    assert not status(tmp_path).running


def test_stop_is_quiet_when_nothing_runs(tmp_path: Path) -> None:
    assert stop_sandbox(tmp_path) is False
    start_sandbox(tmp_path)
    assert stop_sandbox(tmp_path) is True
    assert stop_sandbox(tmp_path) is False
    assert not (tmp_path / "sandbox" / "address.json").exists()


def test_stop_ends_no_stranger_when_the_address_is_stale(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "sandbox").mkdir()
    address = json.loads((home / "sandbox" / "address.json").read_text())
    (other / "sandbox" / "address.json").write_text(json.dumps(address | {"pid": os.getpid()}))
    assert stop_sandbox(other) is False


def test_secret_is_for_its_owner_alone_when_made(home: Path) -> None:
    assert (home / "sandbox" / "secret").stat().st_mode & 0o777 == 0o600
    assert len((home / "sandbox" / "secret").read_text()) == 64
