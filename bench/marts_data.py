"""Made-up raw rows for the benchmark of marts: Parquet files by feed, and their way into a warehouse by COPY."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pgpq
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from marts_columns import Columns, moments, money, names
from marts_goods import drawn_goods, write_products
from marts_service import CHANNELS, TEXTS, write_service

DAYS = 1095
LAST = date(2026, 6, 30)
EPOCH = date(1970, 1, 1)
LINES_PER_ORDER = 2.5
SLOWEST = 7  # days from an order to its delivery
MERGED = 100  # every so manieth account is a second one of the person before


class Shop:
    """A shop of so many customers and orders; ``write`` draws its history, ``night`` one more day."""

    def __init__(self, folder: Path, customers: int, orders: int, seed: int = 1) -> None:
        self.folder, self.customers, self.orders = folder, customers, orders
        self.a_month = max(orders * 30 // DAYS, 1000)
        self.draw = np.random.default_rng(seed)
        self.next_order = self.next_review = self.next_answer = 0
        self.on_its_way: pa.Table | None = None
        folder.mkdir(parents=True, exist_ok=True)

    def write(self) -> None:
        last = (LAST - EPOCH).days
        number = np.arange(self.customers)
        # Rows lie in raw by the day on which they came, as every night adds its own.
        registered = np.sort(last - self.draw.integers(0, DAYS, self.customers))
        key = np.where(number % MERGED == 1, number - 1, number)
        self.save("customers", {"customer_id": names("c", number), "registered_at": moments(registered, 9)}, registered)
        pq.write_table(
            pa.table(
                {
                    "source": pa.repeat("shop", self.customers),
                    "customer_id": names("c", number),
                    "own_key": names("c_", number),
                    "customer_key": names("c_", key),
                }
            ),
            self.folder / "accounts.parquet",
        )
        rate_days = np.arange(last - DAYS, last + 1)
        rate = pa.array(np.round(7 + np.sin(rate_days / 50) / 5, 4)).cast(pa.decimal128(18, 4))
        self.save(
            "exchange_rates",
            {
                "currency": pa.repeat("USD", len(rate_days)),
                "rate_date": pa.array(rate_days.astype("int32"), pa.date32()),
                "rate": rate,
            },
            rate_days,
        )
        write_products(self, last - DAYS)
        day = np.sort(last - self.draw.integers(0, DAYS, self.orders))
        self.sales(day, new=False)

    def night(self, day: int, lines: int) -> Path:
        """A day more: new orders, late changes of status, reviews, answers; in a folder of its own."""
        shop = Shop(self.folder / str(day), self.customers, self.orders, day)
        shop.next_order, shop.next_review, shop.next_answer = self.next_order, self.next_review, self.next_answer
        orders = round(lines / LINES_PER_ORDER)
        late = round(orders * 0.12)
        shop.on_its_way = self.on_its_way
        shop.late_rows(late, day)
        shop.sales(np.full(orders - late, day), new=True)
        self.next_order, self.next_review, self.next_answer = shop.next_order, shop.next_review, shop.next_answer
        self.on_its_way = shop.on_its_way
        return shop.folder

    def sales(self, day: np.ndarray, new: bool) -> None:
        n, first = len(day), self.next_order
        number = np.arange(first, first + n)
        # Few buy often: the square of an even draw.
        customer = (self.draw.random(n) ** 2 * self.customers).astype("int64")
        usd = self.draw.random(n) < 0.05
        chance = self.draw.random(n)
        took = self.draw.integers(1, SLOWEST + 1, n)
        # What is ordered in the last days is on its way when history ends, and all of a night.
        arrives = day + took > (LAST - EPOCH).days
        status = np.where(chance < 0.9, np.where(arrives, "paid", "delivered"), "cancelled")
        status = np.where(new | (chance > 0.95), "paid", status)
        self.order_rows(number, customer, day, status, usd, took, arrives)
        counts = self.draw.integers(1, 5, n)
        owner = np.repeat(number, counts)
        line_day = np.repeat(day, counts)
        line = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
        self.save(
            "order_lines",
            {"order_id": names("o", owner), "line_no": pa.array(line)} | drawn_goods(self, len(owner)),
            line_day,
        )
        back = self.draw.random(n) < 0.03
        refunds = (
            number[back]
            if not new
            else self.draw.integers(max(first - self.a_month, 0), max(first, 1), int(back.sum()))
        )
        refund_day = np.minimum(day[back] + 5, (LAST - EPOCH).days) if not new else day[back]
        self.save(
            "refunds",
            {
                "refund_id": names("r", number[back]),
                "order_id": names("o", refunds),
                "refunded_at": moments(refund_day, 15),
                "amount": money(self.draw.integers(100, 2000, len(refunds))),
                "currency": pa.array(np.where(usd[back], "USD", "CNY")),
            },
            refund_day,
        )
        self.opinions(number, customer, day, new)
        write_service(self, number, customer, day, max(int(day[-1]), (LAST - EPOCH).days))
        self.next_order = first + n

    def opinions(self, number: np.ndarray, customer: np.ndarray, day: np.ndarray, new: bool) -> None:
        n, last = len(number), (LAST - EPOCH).days
        # What has not arrived is not reviewed.
        about = np.sort(self.draw.choice(n if new else np.searchsorted(day, last - SLOWEST), n // 2, replace=False))
        orders = (
            self.draw.integers(self.orders - self.a_month, self.orders - self.a_month // 4, n // 2)
            if new
            else number[about]
        )
        written = np.minimum(day[about] + 9, last) if not new else day[about]
        review = np.arange(self.next_review, self.next_review + len(orders))
        self.save(
            "reviews",
            {
                "review_id": names("v", review),
                "order_id": names("o", orders),
                "score": pa.array(self.draw.integers(1, 6, len(orders))),
                "body": pa.array(self.draw.choice(TEXTS, len(orders)), mask=self.draw.random(len(orders)) < 0.5),
                "created_at": moments(written, 20),
            },
            written,
        )
        self.next_review += len(orders)
        asked = np.sort(self.draw.choice(n, n // 8, replace=False))
        answer = np.arange(self.next_answer, self.next_answer + len(asked))
        metric = np.array(["nps", "csat", "ces"])[answer % 3]
        self.save(
            "survey_responses",
            {
                "response_id": names("s", answer),
                "customer_id": names("c", customer[asked]),
                "metric": pa.array(metric),
                "dimension": pa.repeat("overall", len(asked)),
                "score": pa.array(self.draw.integers(1, 6, len(asked))),
                "answered_at": moments(day[asked], 21),
            },
            day[asked],
        )
        self.next_answer += len(asked)

    def order_rows(
        self,
        number: np.ndarray,
        customer: np.ndarray,
        day: np.ndarray,
        status: np.ndarray,
        usd: np.ndarray,
        took: np.ndarray,
        arrives: np.ndarray,
    ) -> None:
        columns = {
            "order_id": names("o", number),
            "customer_id": names("c", customer),
            "ordered_at": moments(day, 12),
            "channel": pa.array(self.draw.choice(CHANNELS, len(number))),
            "currency": pa.array(np.where(usd, "USD", "CNY")),
            "promised_at": moments(day + 5, 23),
        }
        on_its_way = pa.table(columns).filter(pa.array(arrives & (status == "paid")))
        self.on_its_way = pa.concat_tables([self.on_its_way, on_its_way]) if self.on_its_way is not None else on_its_way
        changing = {
            "status": pa.array(status),
            "delivered_at": moments(day + took, 14, status == "delivered"),
        }
        self.save("orders", columns | changing, day)

    def late_rows(self, count: int, day: int) -> None:
        """The orders that are longest on their way arrive, or are cancelled."""
        assert self.on_its_way is not None
        arrived, self.on_its_way = self.on_its_way[:count], self.on_its_way[count:]
        n = arrived.num_rows
        arrives = self.draw.random(n) < 0.8
        changed = {
            "status": pa.array(np.where(arrives, "delivered", "cancelled")),
            "delivered_at": moments(np.full(n, day), 14, arrives),
        }
        columns = {name: arrived[name].combine_chunks() for name in arrived.column_names} | changed
        self.save("orders", columns, np.full(n, day), "orders-late")

    def save(self, feed: str, columns: Columns, known: np.ndarray, file: str | None = None) -> None:
        """A Parquet file of these rows, or none of no rows, as a small night may draw."""
        n = len(known)
        if not n:
            return
        table = pa.table(
            columns
            | {
                "_source": pa.repeat("shop", n),
                "_version": moments(known, 23),
                "_business_date": pa.array(known.astype("int32"), pa.date32()),
                "_file_id": pa.array(np.full(n, 1 if known[0] <= (LAST - EPOCH).days else int(known[0]))),
                "_line": pa.array(np.arange(n)),
            }
        )
        pq.write_table(table, self.folder / f"{file or feed}.parquet", compression="zstd")


def load(connection: psycopg.Connection, folder: Path) -> None:
    """COPY each Parquet file of the folder, named ``feed`` or ``feed-part``, into raw, and note it as ingest does."""
    for path in sorted(folder.glob("*.parquet")):
        if path.stem == "accounts":
            continue
        feed, file = path.stem.partition("-")[0], pq.ParquetFile(path)
        listed = ", ".join(f'"{name}"' for name in file.schema_arrow.names)
        encoder = pgpq.ArrowToPostgresBinaryEncoder(file.schema_arrow)
        with connection.transaction(), connection.cursor() as cursor:
            with cursor.copy(f"copy raw.{feed} ({listed}) from stdin with (format binary)".encode()) as copy:
                copy.write(encoder.write_header())
                for batch in file.iter_batches(batch_size=100_000):
                    copy.write(encoder.write_batch(batch))
                copy.write(encoder.finish())
            file_id = file.read_row_group(0, ["_file_id"])["_file_id"][0].as_py()
            connection.execute("insert into landing.changes (feed, file_id) values (%s, %s)", (feed, file_id))


def load_accounts(connection: psycopg.Connection, folder: Path) -> None:
    """Who is who: the accounts, and of some the person that they were found to be of."""
    table = pq.read_table(folder / "accounts.parquet")
    connection.execute("create temp table accounts (source text, customer_id text, own_key text, customer_key text)")
    encoder = pgpq.ArrowToPostgresBinaryEncoder(table.schema)
    with connection.cursor() as cursor, cursor.copy("copy accounts from stdin with (format binary)") as copy:
        copy.write(encoder.write_header())
        for batch in table.to_batches():
            copy.write(encoder.write_batch(batch))
        copy.write(encoder.finish())
    connection.execute(
        "insert into vault.identities (source, customer_id, customer_key, stated)"
        " select source, customer_id, own_key, false from accounts"
    )
    connection.execute(
        "insert into vault.person_keys (customer_key, recording, since, superseded_by)"
        " select own_key, nextval('vault.recordings'), '0001-01-01', customer_key from accounts where own_key <> customer_key"
    )
    connection.execute("drop table accounts")
