"""What predicted value costs: customers read, fitted, scored and written. The last line is one JSON object.

python bench/value.py --customers 1000000

The shop is drawn from CDNOW's parameters over two years, in whole days, and stands in int_customers__purchases as a
night's build leaves it. The rival of the fit is one pass of the likelihood written plainly over every customer.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from scipy.special import gammaln, psi

from huitou.ready import ensure_ready
from huitou.settings import Settings
from huitou.transform import dbt
from huitou.value import bg_nbd, gamma_gamma, sample
from huitou.value.fits import ValueFit, keep
from huitou.warehouse.connection import connect
from huitou.warehouse.embedded import EmbeddedServer

AS_OF = date(2026, 6, 28)
DAYS = 730
TRUE = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426, "p": 6.25, "q": 3.74, "gamma": 15.44}
SCORING = ("base_value__parameters", "int_value__series", "base_value__expected", "base_customers__predicted")
WRITE = """
create table candidate.bench_value as select * from candidate.base_customers__predicted;
alter table candidate.bench_value add primary key (customer_key);
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    print(json.dumps(measure(parser.parse_args().customers)))


def measure(customers: int) -> dict[str, Any]:
    """Seconds of each step and their sum, and the fit's ratio to the plain likelihood."""
    with warehouse() as settings, connect(settings) as connection:
        prepare(settings, connection, customers)
        connection.execute("set max_parallel_workers_per_gather = 0")
        return run(settings, connection, customers)


@contextmanager
def warehouse():
    """A warehouse of its own, thrown away."""
    home = Path(tempfile.mkdtemp(prefix="ht-"))
    home.chmod(0o711)
    server = EmbeddedServer(Settings(home=home, db_durable=False))
    server.start()
    try:
        settings = Settings(home=home, db_durable=False)
        ensure_ready(settings)
        yield settings
    finally:
        server.remove()
        shutil.rmtree(home, ignore_errors=True)


def prepare(settings: Settings, connection: psycopg.Connection, customers: int) -> None:
    dbt.run(settings, AS_OF)
    connection.execute("truncate intermediate.int_customers__purchases")
    lines = io.StringIO()
    for number, row in enumerate(zip(*drawn(customers), strict=True)):
        lines.write(f"c_{number:024x}\t" + "\t".join(map(str, row)) + "\n")
    columns = "customer_key, first_day, last_day, repeats, known_repeats, repeat_spend"
    with connection.cursor().copy(f"copy intermediate.int_customers__purchases ({columns}) from stdin") as copy:
        copy.write(lines.getvalue())
    connection.execute("truncate candidate.base_customers__totals")
    connection.execute(
        f"insert into candidate.base_customers__totals ({columns}) select {columns} from"
        " intermediate.int_customers__purchases"
    )
    connection.execute("analyze intermediate.int_customers__purchases, candidate.base_customers__totals")
    dbt.run(settings, AS_OF, ("run", "--select", *SCORING))  # What dbt loads once a process is not the night's.
    connection.execute("checkpoint")


def drawn(customers: int) -> list[Any]:
    """First and last day, repeats (twice: the worth of all is known) and their spend, of customers of the true shop."""
    rng = np.random.default_rng(7)
    rate = rng.gamma(TRUE["r"], 1 / (TRUE["alpha"] * 7), customers)
    dropout = rng.beta(TRUE["a"], TRUE["b"], customers)
    age = rng.integers(0, DAYS, customers)
    now, alive = np.zeros(customers), np.ones(customers, bool)
    last, repeats = np.zeros(customers, np.int64), np.zeros(customers, np.int64)
    who = np.arange(customers)
    while len(who):
        now[who] += rng.exponential(1, len(who)) / rate[who]
        who = who[now[who] < age[who]]
        day = now[who].astype(np.int64)
        repeats[who] += day > last[who]  # Of one day several are one purchase.
        last[who] = np.maximum(day, last[who])
        alive[who] = rng.random(len(who)) >= dropout[who]
        who = who[alive[who]]
    scale = rng.gamma(TRUE["q"], 1 / TRUE["gamma"], customers)
    spend = np.where(repeats > 0, rng.gamma(np.maximum(TRUE["p"] * repeats, 1e-9)) / scale, 0)
    first = [AS_OF - timedelta(days=int(days)) for days in age]
    lasts = [day + timedelta(days=int(days)) for day, days in zip(first, last, strict=True)]
    return [first, lasts, repeats, repeats, np.maximum(np.round(spend, 2), 0)]


def run(settings: Settings, connection: psycopg.Connection, customers: int) -> dict[str, Any]:
    seconds: dict[str, float] = {}
    cpu: dict[str, float] = {}

    def timed(name: str, call: Callable[[], Any]) -> Any:
        began, before = time.perf_counter(), cpu_seconds(settings)
        result = call()
        seconds[name], cpu[name] = time.perf_counter() - began, cpu_seconds(settings) - before
        return result

    purchases, spend = timed("read", lambda: sample.read(connection, AS_OF))
    orders = timed("fit", lambda: bg_nbd.fit(purchases))
    worth = timed("fit_spend", lambda: gamma_gamma.fit(spend))
    keep(
        connection,
        AS_OF,
        [
            ValueFit("bg_nbd", AS_OF, "accepted", None, customers, named(bg_nbd, orders.parameters), -1.0, {}),
            ValueFit("gamma_gamma", AS_OF, "accepted", None, customers, named(gamma_gamma, worth.parameters), -1.0, {}),
        ],
    )
    timed("score_histories", lambda: dbt.run(settings, AS_OF, ("run", "--select", *SCORING)))
    timed("score_and_write", lambda: connection.execute(WRITE))
    each = PlainLikelihood(purchases)
    passes = []
    for _ in range(5):
        began = time.process_time()
        each(np.array(orders.parameters))
        passes.append(time.process_time() - began)
    one_pass = sorted(passes)[2]
    total = sum(cpu.values())
    return {
        "bench": "value",
        "customers": customers,
        "triples": len(purchases.repeats),
        "parameters": named(bg_nbd, orders.parameters) | named(gamma_gamma, worth.parameters),
        "trouble": [orders.trouble, worth.trouble],
        "seconds": {name: round(took, 3) for name, took in seconds.items()},
        "seconds_in_all": round(sum(seconds.values()), 2),
        "cpu_seconds": {name: round(took, 3) for name, took in cpu.items()},
        "cpu_seconds_in_all": round(total, 2),
        "plain_pass_cpu_seconds": round(one_pass, 3),
        "all_in_plain_passes": round(total / one_pass, 1),
        "fit_in_plain_passes": round(cpu["fit"] / one_pass, 1),
    }


def cpu_seconds(settings: Settings) -> float:
    """CPU time so far of this process and of the server with all that it ever started."""
    with open(next(settings.home.rglob("postmaster.pid")), encoding="utf-8") as file:
        server = file.readline().strip()
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(") ")[2].split()
            own, waited_for = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
            ticks += own + waited_for if path.parent.name == server else own if fields[1] == server else 0
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def named(model: Any, parameters: tuple[float, ...]) -> dict[str, float]:
    return dict(zip(model.NAMES, parameters, strict=True))


class PlainLikelihood:
    """The rival: equation 6 of the paper and its gradient as they are written, over every customer."""

    def __init__(self, purchases: bg_nbd.Purchases) -> None:
        counts = purchases.customers
        self.x = np.repeat(purchases.repeats, counts).astype(float)
        self.t_x, self.age = np.repeat(purchases.last, counts) / 7, np.repeat(purchases.age, counts) / 7

    def __call__(self, parameters: Any) -> tuple[float, Any]:
        (r, alpha, a, b), x, t_x, age = parameters, self.x, self.t_x, self.age
        ends = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        ln_age, ln_last = np.log(alpha + age), np.log(alpha + t_x)
        alive = -(r + x) * ln_age
        with np.errstate(divide="ignore"):
            lost = np.where(x > 0, np.log(a / np.maximum(b + x - 1, 1e-300)), -np.inf) - (r + x) * ln_last
        both = np.logaddexp(alive, lost)
        w_alive, w_lost = np.exp(alive - both), np.exp(lost - both)
        value = (gammaln(r + x) - gammaln(r) + r * np.log(alpha) + ends + both).sum()
        end = psi(a + b) - psi(a + b + x)
        gradient = (
            (psi(r + x) - psi(r) + np.log(alpha) - w_alive * ln_age - w_lost * ln_last).sum(),
            (r / alpha - (r + x) * (w_alive / (alpha + age) + w_lost / (alpha + t_x))).sum(),
            (end + w_lost / a).sum(),
            (end + psi(b + x) - psi(b) - np.where(x > 0, w_lost / np.maximum(b + x - 1, 1e-300), 0)).sum(),
        )
        return float(value), np.array(gradient)


if __name__ == "__main__":
    main()
