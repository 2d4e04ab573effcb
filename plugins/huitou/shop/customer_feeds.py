"""The member system's files: accounts and consent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow.compute as pc

from huitou.shop.arrays import NEVER, Ints, blank, text_code, text_day, text_id, text_instant
from huitou.shop.consent import Consents
from huitou.shop.feed import Columns, Feed, Flaw, versions
from huitou.shop.made import Shop
from huitou.shop.people import PHONE_PREFIXES, People, all_cities, has_birthday
from huitou.shop.words import ENGLISH_NAMES, GIVEN_FIRST, GIVEN_SECOND, SURNAMES

PREFIXED_EVERY = 50
WECHAT_STRIDE = 387_420_489  # odd and no multiple of 5, so that no two numbers below 10**9 meet


def customer_feeds(shop: Shop) -> list[Feed]:
    return [_customers(shop), _consents(shop, shop.consents)]


def customer_number(shop: Shop, customer: Ints) -> Any:
    """``M`` and eight digits for members, ``G`` for guests."""
    letters = text_code(("M", "G"), shop.buyers.guest[customer].astype(np.int64))
    return pc.binary_join_element_wise(letters, text_id("", customer + 1, 8), "")


def phone_text(phone: Ints) -> Any:
    """Eleven digits, prefix + 00 + six; one in ``PREFIXED_EVERY`` is written with +86."""
    prefix = text_code(PHONE_PREFIXES, np.where(phone < 0, NEVER, phone // 1_000_000))
    digits = text_id("00", np.where(phone < 0, NEVER, phone % 1_000_000), 6)
    country = text_code(("", "+86"), (phone % PREFIXED_EVERY == 0).astype(np.int64))
    return pc.binary_join_element_wise(country, prefix, digits, "")


def _names(people: People, customer: Ints) -> Any:
    first, second = np.divmod(people.given[customer], len(GIVEN_SECOND))
    chinese = pc.binary_join_element_wise(
        text_code(SURNAMES, people.surname[customer]),
        text_code(GIVEN_FIRST, first),
        text_code(GIVEN_SECOND, second),
        "",
    )
    return pc.coalesce(text_code(ENGLISH_NAMES, people.english[customer]), chinese)


def email_text(people: People, customer: Ints) -> Any:
    number = text_id("hui", people.email[customer], 6)
    domain = text_code(("@example.com", "@example.cn"), customer % 2)
    return pc.binary_join_element_wise(number, domain, "")


def wechat_text(number: Ints) -> Any:
    """Twenty-eight characters, as WeChat's UnionIDs look."""
    scattered = number * WECHAT_STRIDE % 10**9
    return pc.binary_join_element_wise("oHT6demo_", text_id("u", np.where(number < 0, NEVER, scattered), 18), "")


def city_of(shop: Shop, customer: Ints, when: Ints) -> Ints:
    """Where each customer lived at an instant."""
    people = shop.people
    has_moved = (people.moved[customer] >= 0) & (people.moved[customer] <= when)
    return np.where(has_moved, people.next_city[customer], people.city[customer])


def _customers(shop: Shop) -> Feed:
    people, buyers = shop.people, shop.buyers
    changes = np.stack([people.moved, people.linked], axis=1)
    changes = np.where((changes > buyers.registered[:, None]) & (changes < shop.window.closes), changes, NEVER)
    changes = np.sort(changes, axis=1)
    known = np.zeros(len(changes), dtype=np.int64)
    sent = versions(np.concatenate([buyers.registered[:, None], changes], axis=1), known, shop.window)

    def columns(records: Ints) -> Columns:
        who, when = sent.thing[records], sent.instant[records]
        city = city_of(shop, who, when)
        linked = (people.twin[who] >= 0) & (people.linked[who] <= when)
        person = np.where(linked, np.minimum(who, people.twin[who]), NEVER)
        return {
            "member_no": customer_number(shop, who),
            "account_type": text_code(("member", "guest"), buyers.guest[who].astype(np.int64)),
            "person_no": text_id("R", person, 8),
            "real_name": blank(_names(people, who), (people.phone[who] < 0) & (people.email[who] < 0)),
            "mobile": phone_text(people.phone[who]),
            "email": email_text(people, who),
            "unionid": wechat_text(people.wechat[who]),
            "birthday": blank(text_day(people.birthday[who]), ~has_birthday(people)[who]),
            "city": text_code(tuple(row[0] for row in all_cities()), city),
            "province": text_code(tuple(row[1] for row in all_cities()), city),
            "registered_at": text_instant(buyers.registered[who]),
            "modified_at": text_instant(when),
        }

    key = ("member_no", "modified_at")
    flaws = (Flaw("missing_id", "member_no", None),)
    return Feed("customers", "customers.csv.gz", key, sent.night, sent.instant, sent.late_by, columns, flaws)


def _consents(shop: Shop, consents: Consents) -> Feed:
    def columns(records: Ints) -> Columns:
        return {
            "event_no": text_id("C", records, 9),
            "member_no": customer_number(shop, consents.customer[records]),
            "channel": text_code(("短信", "邮件", "电话"), consents.channel[records]),
            "agreed": text_code(("N", "Y"), consents.yes[records].astype(np.int64)),
            "happened_at": text_instant(consents.occurred[records]),
        }

    flaws = (
        Flaw("unknown_channel", "channel", "传真"),
        Flaw("missing_id", "member_no", None),
        Flaw("unparsable_date", "happened_at", "2026-02-30 10:00:00"),
    )
    night = shop.window.night_of(consents.occurred)
    key = ("event_no",)
    return Feed(
        "consent_events",
        "consent_events.csv.gz",
        key,
        night,
        consents.occurred,
        night * 0,
        columns,
        flaws,
    )
