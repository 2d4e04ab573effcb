"""A warehouse with an outbox, and the real sandbox provider in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from factories import doomed
from factories.feeds import ORDERS, SourceFactory
from factories.messages import NOON, Outbox
from factories.provider import Provider, StartDelivery
from huitou.sandbox.control import start_sandbox, stop_sandbox
from huitou.settings import Settings, process_environment


@pytest.fixture
def settings(warehouse: Settings) -> Settings:
    """Settings of a shop in Shanghai at noon on the day after the business date."""
    factory = SourceFactory(warehouse.home / "shop", warehouse)
    factory.feed("orders", ORDERS)
    return factory.settings.model_copy(update={"clock": NOON})


@pytest.fixture
def outbox(connection: psycopg.Connection, settings: Settings) -> Outbox:
    return Outbox(connection, settings)


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    start_sandbox(settings.home)
    yield Provider(settings)
    stop_sandbox(settings.home)


@pytest.fixture
def start_delivery(settings: Settings) -> StartDelivery:
    """Starts a delivery in a process of its own, that kills itself at a point of ``factories.doomed``."""
    program = Path(doomed.__file__)
    places = [program.parents[1], program.parents[2] / "plugins"]
    environment = process_environment() | settings.environment()
    environment["PYTHONPATH"] = os.pathsep.join(map(str, places))

    def start(point: str = "none", nth: int = 1) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(program), point, str(nth)]
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)

    return start
