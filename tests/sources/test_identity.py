"""Identity: the same rows make the same persons in any order, as an oracle says, on every date."""

from __future__ import annotations

import random
import threading
from datetime import date

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories.accounts import Oracle, Row, clear, day, key_of, persons, source_set, take_in
from huitou.settings import Settings as Huitou
from huitou.sources.feeds import IdentityRules
from huitou.warehouse.connection import connect

pytestmark = pytest.mark.integration
DAYS = 5
LIMITS = IdentityRules(sharing_limit=3, identifier_limit=6)


def few(letter: str, count: int) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from([f"{letter}{n}" for n in range(count)])


ROWS = st.lists(
    st.builds(
        Row,
        day=st.integers(0, DAYS - 1),
        account=st.sampled_from([f"u{n}" for n in range(9)]),
        person=st.none() | st.none() | few("r", 2),
        name=few("n", 2),
        phone=few("p", 3),
        email=few("e", 3),
        wechat=st.none() | few("w", 2),
    ),
    max_size=24,
)


def batches(rows: list[Row], draw: random.Random) -> list[list[Row]]:
    """The rows in another order, cut into batches at random."""
    left = draw.sample(rows, len(rows))
    out = []
    while left:
        size = draw.randint(1, len(left))
        out.append(left[:size])
        left = left[size:]
    return out


def recorded(connection: psycopg.Connection) -> dict[int, dict[str, str]]:
    return {number: persons(connection, number) for number in range(DAYS)}


def check_any_order(connection: psycopg.Connection, rows: list[Row], seed: int, rules: IdentityRules) -> None:
    shop = source_set(rules)
    clear(connection)
    for batch in batches(rows, random.Random(seed)):  # noqa: S311 (an order to test with)
        take_in(connection, shop, batch)
    assert recorded(connection) == {n: Oracle(rows, rules, n).persons() for n in range(DAYS)}


PROPERTY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


@PROPERTY
@given(rows=ROWS, seed=st.integers(0, 10**6))
def test_persons_are_what_the_oracle_says_on_every_date_in_any_order(
    connection: psycopg.Connection, rows: list[Row], seed: int
) -> None:
    check_any_order(connection, rows, seed, LIMITS)


@pytest.mark.battery
@settings(PROPERTY, max_examples=1500)
@given(
    rows=ROWS,
    seed=st.integers(0, 10**6),
    rules=st.builds(IdentityRules, sharing_limit=st.integers(1, 6), identifier_limit=st.integers(2, 12)),
)
def test_persons_are_what_the_oracle_says_under_any_limits(
    connection: psycopg.Connection, rows: list[Row], seed: int, rules: IdentityRules
) -> None:
    check_any_order(connection, rows, seed, rules)


def one(connection: psycopg.Connection, *rows: Row, rules: IdentityRules | None = None) -> None:
    take_in(connection, source_set(rules), rows)


def is_one(connection: psycopg.Connection, *accounts: str, on: int = DAYS) -> bool:
    known = persons(connection, on)
    return len({known[account] for account in accounts}) == 1


@pytest.mark.parametrize(
    ("left", "right", "together"),
    [
        pytest.param({"phone": "p", "name": "n"}, {"phone": "p", "name": "n"}, True, id="phone and name"),
        pytest.param({"phone": "p", "name": "n"}, {"phone": "p", "name": "m"}, False, id="a family's phone"),
        pytest.param({"phone": "p", "name": "n"}, {"phone": "p"}, True, id="a guest who gave no name"),
        pytest.param({"phone": "p"}, {"phone": "p"}, True, id="two guests without names"),
        pytest.param({"email": "e", "name": "n"}, {"email": "e", "name": "m"}, False, id="a couple's e-mail"),
        pytest.param({"email": "e", "name": "n"}, {"email": "e"}, True, id="e-mail"),
        pytest.param({"wechat": "w", "name": "n"}, {"wechat": "w", "name": "m"}, True, id="wechat whatever the name"),
        pytest.param({"person": "r", "name": "n"}, {"person": "r", "name": "m"}, True, id="the source says so"),
        pytest.param({"name": "n"}, {"name": "n"}, False, id="a name alone"),
        pytest.param({"phone": "x", "name": "n"}, {"email": "x", "name": "n"}, False, id="of different kinds"),
    ],
)
def test_two_accounts_are_one_person_by_the_rule(
    connection: psycopg.Connection, left: dict[str, str], right: dict[str, str], together: bool
) -> None:
    one(connection, Row(0, "a", **left), Row(1, "b", **right))
    assert is_one(connection, "a", "b") is together


def test_store_and_online_are_one_person_across_sources(connection: psycopg.Connection) -> None:
    take_in(connection, source_set(name="shop"), [Row(0, "1", phone="p", name="n")])
    take_in(connection, source_set(name="store"), [Row(1, "1", phone="p", name="n"), Row(1, "2", person="r")])
    take_in(connection, source_set(name="shop"), [Row(1, "2", person="r")])
    rows = connection.execute("select source, customer_id, customer_key from vault.accounts_as_of('infinity')")
    keys = {(source, customer): key for source, customer, key in rows}
    assert keys["shop", "1"] == keys["store", "1"] == key_of("1", "shop")
    # A source's own word for a person is not another source's.
    assert keys["shop", "2"] != keys["store", "2"]


def test_a_phone_on_too_many_accounts_joins_nobody_from_that_day_on(connection: psycopg.Connection) -> None:
    for number in range(6):
        one(connection, Row(number, f"u{number}", phone="p", name="n"))
    assert is_one(connection, "u0", "u1", "u2", "u3", "u4", on=4)
    assert len(set(persons(connection, 5).values())) == 6


def test_a_guest_leaves_when_the_phone_turns_out_to_be_a_familys(connection: psycopg.Connection) -> None:
    one(connection, Row(0, "mother", phone="p", name="n"), Row(1, "guest", phone="p"))
    one(connection, Row(2, "son", phone="p", name="m"))
    assert is_one(connection, "mother", "guest", on=1)
    assert len(set(persons(connection, 2).values())) == 3


def test_a_person_with_too_many_identifiers_keeps_the_sure_links_alone(connection: psycopg.Connection) -> None:
    chain = [Row(0, f"u{n}", name="n", phone=f"p{n}", email=f"e{n // 2}") for n in range(4)]
    chain += [Row(0, f"u{n}", name="n", phone=f"p{n + 1}") for n in range(3)]
    one(connection, *chain, rules=IdentityRules(identifier_limit=6))
    assert is_one(connection, "u0", "u1", "u2", "u3")
    one(connection, Row(1, "u0", wechat="w"), Row(1, "u3", wechat="w"), rules=IdentityRules(identifier_limit=6))
    assert is_one(connection, "u0", "u1", "u2", "u3", on=0)
    assert is_one(connection, "u0", "u3", on=1)
    assert len(set(persons(connection, 1).values())) == 3


def test_an_identifier_that_nobody_shares_counts_from_its_day_on(connection: psycopg.Connection) -> None:
    rules = IdentityRules(identifier_limit=2)
    one(connection, Row(0, "u0", phone="p"), Row(0, "u1", phone="p"), rules=rules)
    one(connection, Row(2, "u0", phone="q", email="e"), rules=rules)
    assert is_one(connection, "u0", "u1", on=1)
    assert not is_one(connection, "u0", "u1", on=2)


def test_the_older_key_survives_and_the_younger_is_resolved_in_one_step(connection: psycopg.Connection) -> None:
    one(connection, Row(2, "young", phone="p"), Row(1, "middle", email="e"))
    one(connection, Row(3, "young", email="e"))
    one(connection, Row(4, "middle", wechat="w"), Row(0, "old", wechat="w"))
    keys = [key_of(name) for name in ("old", "middle", "young")]
    now = connection.execute("select vault.current_key(k) from unnest(%s::text[]) as k", (keys,)).fetchall()
    assert now == [(key_of("old"),)] * 3
    then = connection.execute("select vault.person_of(%s, %s)", (key_of("young"), day(3))).fetchone()
    assert then == (key_of("middle"),)
    assert connection.execute("select vault.current_key('c_unknown')").fetchone() == ("c_unknown",)


def test_nothing_recorded_is_ever_changed(connection: psycopg.Connection) -> None:
    one(connection, Row(3, "a", phone="p"), Row(3, "b", phone="p"))
    before = set(connection.execute("select * from vault.person_keys").fetchall())
    one(connection, Row(1, "b", phone="p"), Row(4, "c", phone="p"))
    one(connection, Row(4, "d", phone="p"), rules=IdentityRules(sharing_limit=3))
    after = set(connection.execute("select * from vault.person_keys").fetchall())
    assert before < after
    assert len(set(persons(connection, 4).values())) == 4


def test_another_limit_works_out_all_persons_anew(connection: psycopg.Connection) -> None:
    one(connection, *(Row(0, f"u{n}", phone="p") for n in range(3)))
    assert is_one(connection, "u0", "u1", "u2")
    take_in(connection, source_set(IdentityRules(sharing_limit=2)), [Row(1, "x")], feed="orders")
    assert not is_one(connection, "u0", "u1")


def test_an_account_is_as_old_as_the_first_feed_that_names_it(connection: psycopg.Connection) -> None:
    one(connection, Row(2, "a", phone="p"), Row(1, "b", phone="p"))
    assert persons(connection, 2)["a"] == key_of("b")
    take_in(connection, source_set(), [Row(0, "a")], feed="orders")
    assert persons(connection, 2)["b"] == key_of("a")


def test_a_night_looks_at_what_it_touches_alone(connection: psycopg.Connection) -> None:
    one(connection, *(Row(0, f"u{n}", phone=f"p{n // 2}", name="n") for n in range(400)))
    connection.execute("create temp table watch as select count(*) from vault.person_keys")
    one(connection, Row(1, "new", phone="p7", name="n"), Row(1, "u20", email="e"))
    rows = connection.execute("select customer_key, superseded_by from vault.person_keys where recording > 1")
    oldest = min(key_of("u14"), key_of("u15"))
    assert rows.fetchall() == [(key_of("new"), None), (key_of("new"), oldest)]


def test_two_sessions_that_end_together_miss_nothing(warehouse: Huitou, connection: psycopg.Connection) -> None:
    one(connection)

    def run(number: int) -> None:
        with connect(warehouse) as own:
            take_in(own, source_set(), [Row(0, f"u{number}", phone="p", name="n")])

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert is_one(connection, "u0", "u1", "u2", "u3")


WORDS = st.lists(
    st.tuples(
        st.sampled_from([f"u{n}" for n in range(5)]),
        st.sampled_from(["sms", "email"]),
        st.sampled_from(["opt_in", "opt_out"]),
        st.integers(0, 6),
        st.integers(0, DAYS - 1),
    ),
    max_size=16,
)
BEARERS = st.lists(
    st.builds(
        Row,
        day=st.integers(0, DAYS - 1),
        account=st.sampled_from([f"u{n}" for n in range(5)]),
        name=few("n", 2),
        phone=few("p", 2),
        wechat=few("w", 2),
    ),
    max_size=10,
)


@PROPERTY
@given(rows=BEARERS, words=WORDS)
def test_a_refusal_of_any_account_holds_for_the_person_on_every_date(
    connection: psycopg.Connection, rows: list[Row], words: list[tuple[str, str, str, int, int]]
) -> None:
    clear(connection)
    connection.execute("truncate vault.consent_events")
    rows = rows + [Row(0, account) for account, *_ in words]
    one(connection, *rows)
    for number, (account, channel, action, hour, known) in enumerate(words):
        connection.execute(
            "insert into vault.consent_events (event_id, customer_id, channel, purpose, action, occurred_at, _source,"
            " _version, _business_date, _file_id, _line) values (%s, %s, %s, 'marketing', %s, %s, 'shop', %s, %s, 0, 0)",
            (str(number), account, channel, action, f"2026-01-01 {hour:02}:00Z", FIRST_VERSION, day(known)),
        )
    for on in range(DAYS):
        whose = Oracle(rows, IdentityRules(), on).persons()
        wanted = _consent(words, whose, on)
        got = connection.execute("select * from vault.consent_as_of(%s)", (day(on),)).fetchall()
        # A key that something was planned under before the merge has the person's word too.
        assert sorted(got) == sorted(
            (key_of(account), channel, granted)
            for account, person in whose.items()
            for (whom, channel), granted in wanted.items()
            if whom == person
        )
        refused = set(connection.execute("select * from vault.refused_as_of(%s)", (day(on),)).fetchall())
        assert refused == {
            (hashed, channel)
            for (person, channel), granted in wanted.items()
            for row in rows
            for hashed in (row.phone, row.wechat)
            if not granted and row.day <= on and whose[row.account] == person and hashed
        }


FIRST_VERSION = date(2026, 1, 1)


def _consent(
    words: list[tuple[str, str, str, int, int]], whose: dict[str, str], on: int
) -> dict[tuple[str, str], bool]:
    last: dict[tuple[str, str], tuple[int, bool]] = {}
    for account, channel, action, hour, known in words:
        if known <= on:
            said = (hour, action == "opt_out")
            last[account, channel] = max(last.get((account, channel), said), said)
    out: dict[tuple[str, str], bool] = {}
    for (account, channel), (_, refused) in last.items():
        person = whose[account]
        out[person, channel] = out.get((person, channel), True) and not refused
    return out
