"""Files as they should not be, made by seed: every kind in turn, each in many ways."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

from factories.feeds import ORDERS
from factories.malformed_parts import Case, csv_of, document_of, excel_of, jsonl_of, orders, parquet_of, zstd

TEN_MIB = 10 << 20


def cut_csv(random: Random, seed: int) -> Case:
    data = csv_of(orders(random, seed)).encode()
    return Case(data[: random.randrange(len(data))])


def cut_at_a_row(random: Random, seed: int) -> Case:
    lines = csv_of(orders(random, seed)).splitlines(keepends=True)
    kept = random.randint(1, len(lines))
    return Case("".join(lines[:kept]).encode(), rows=kept - 1, loaded=kept - 1, refused=False)


def cut_packed(random: Random, seed: int) -> Case:
    suffix, pack = random.choice([("csv.gz", gzip.compress), ("csv.zst", zstd)])
    data = pack(csv_of(orders(random, seed)).encode())
    return Case(data[: random.randrange(len(data))], suffix=suffix, refused=True)


def bad_gzip(random: Random, seed: int) -> Case:
    data = bytearray(gzip.compress(csv_of(orders(random, seed)).encode()))
    if random.random() < 0.3:
        return Case(bytes(data) + random.randbytes(9), suffix="csv.gz", refused=True)
    for _ in range(random.randint(1, 4)):
        data[random.randrange(10, len(data))] ^= random.randint(1, 255)
    return Case(bytes(data), suffix="csv.gz")


def marks(random: Random, seed: int) -> Case:
    rows = orders(random, seed)
    told = random.choice(["utf-8", "utf-16", "detect", "gb18030", "utf-16-be"])
    sent = random.choice(["utf-8-sig", "utf-16", "utf-8", "gb18030", "utf-16-be", "utf-16-le"])
    fits = (told, sent) in {
        ("utf-8", "utf-8-sig"),
        ("utf-8", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"),
        ("detect", "utf-8-sig"),
        ("detect", "utf-16"),
        ("detect", "utf-8"),
        ("detect", "gb18030"),
        ("gb18030", "gb18030"),
        ("utf-16-be", "utf-16-be"),
    }
    data = csv_of(rows).encode(sent)
    return Case(data, {"encoding": told}, loaded=len(rows) if fits else None, refused=False if fits else None)


def gbk(random: Random, seed: int) -> Case:
    rows = [row | {"customer_id": "王五"} for row in orders(random, seed)]
    told = random.choice(["gbk", "detect", "utf-8"])
    fits = told != "utf-8"
    data = csv_of(rows).encode("gbk")
    return Case(data, {"encoding": told}, loaded=len(rows) if fits else None, refused=not fits)


def nul(random: Random, seed: int) -> Case:
    rows = orders(random, seed)
    data = bytearray(csv_of(rows).encode())
    header = data.index(b"\n") + 1
    for _ in range(random.randint(1, 3)):
        data[random.randrange(header, len(data) - 1)] = 0
    return Case(bytes(data))


def huge_cell(random: Random, seed: int) -> Case:
    rows = orders(random, seed, 4)
    name = random.choice(ORDERS)
    rows[2][name] = rows[2][name] + "x" * TEN_MIB
    return Case(csv_of(rows).encode(), loaded=3, rows=4)


def quote_storm(random: Random, seed: int) -> Case:
    text = list(csv_of(orders(random, seed)))
    start = len(",".join(ORDERS)) + 1
    for _ in range(random.randint(1, 40)):
        text.insert(random.randint(start, len(text) - 1), '"')
    return Case("".join(text).encode())


def line_ends(random: Random, seed: int) -> Case:
    rows = orders(random, seed)
    lines = csv_of(rows).splitlines()
    text = "".join(line + random.choice(["\n", "\r\n", "\r"]) for line in lines)
    return Case(text.encode(), rows=len(rows), loaded=len(rows), refused=False)


def header_twice(random: Random, seed: int) -> Case:
    names = list(ORDERS)
    names[random.randrange(1, 7)] = names[0]
    return Case(csv_of(orders(random, seed), tuple(names)).encode(), refused=True)


def shifted(random: Random, seed: int) -> Case:
    rows = orders(random, seed)
    lines = csv_of(rows).splitlines()
    at = random.randrange(1, len(lines))
    lines[at] = random.choice([f",{lines[at]}", lines[at].partition(",")[2], f"{lines[at]},", f"x,{lines[at]}"[:-3]])
    return Case(("\n".join(lines) + "\n").encode(), rows=len(rows), loaded=len(rows) - 1, refused=False)


def odd_number(random: Random, seed: int) -> Case:
    values = [
        "1e309",
        "-1e309",
        "NaN",
        "inf",
        "9" * 400,
        "1e-400",
        "0x1F",
        "１２",
        "1,5",
        "1.2.3",
        "--1",
        "∞",
        "1e999999999",
    ]
    return _one_bad(random, seed, "discount", values)


def odd_date(random: Random, seed: int) -> Case:
    values = ["0000-00-00", "2026-02-30", "9999-12-31 23:59:59", "10000-01-01", "2026-11-20 24:00:01", "20-11-2026"]
    values += ["-0044-03-15", "infinity", "now", "294277-01-01", "2026-11-20T10:00:00+99:00", "4714-11-24 BC", "today"]
    return _one_bad(random, seed, random.choice(["ordered_at", "updated_at"]), values)


def _one_bad(random: Random, seed: int, name: str, values: list[str]) -> Case:
    rows = orders(random, seed)
    random.choice(rows)[name] = random.choice(values)
    return Case(csv_of(rows).encode(), rows=len(rows), loaded=len(rows) - 1, refused=False)


def odd_text(random: Random, seed: int) -> Case:
    rows = orders(random, seed)
    values = [
        "😀👩‍👩‍👧‍👦",
        "\u202edetsever",
        "\ufeff",
        "a\u0000b",
        "\u200b",
        "e\u0301" * 300,
        "'; drop table raw.orders; --",
        "\\N",
        "\\.",
    ]
    for row in rows:
        row["customer_id"] += random.choice(values)
    return Case(csv_of(rows).encode(), rows=len(rows), loaded=len(rows), refused=False)


def bomb(random: Random, seed: int) -> Case:
    data = b",".join(name.encode() for name in ORDERS) + b"\n" + b"0" * (80 << 20)
    kind = random.choice(["csv.gz", "csv.zst", "xlsx"])
    if kind == "xlsx":
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", data)
        return Case(target.getvalue(), {"format": "excel"}, "xlsx", refused=True)
    return Case(gzip.compress(data, 9) if kind == "csv.gz" else zstd(data), suffix=kind, refused=True)


def nothing(random: Random, seed: int) -> Case:
    if random.random() < 0.5:
        return Case(csv_of([]).encode(), rows=0, loaded=0, refused=False)
    kind = random.choice(
        [("csv", "csv"), ("json", "json"), ("parquet", "parquet"), ("excel", "xlsx"), ("csv", "csv.gz")]
    )
    return Case(b"", {"format": kind[0]}, kind[1], refused=True)


def other_delimiter(random: Random, seed: int) -> Case:
    return Case(csv_of(orders(random, seed), mark=random.choice(";\t|")).encode(), refused=True)


def growing(random: Random, seed: int) -> Case:
    return Case(csv_of(orders(random, seed)).encode(), grows=True, refused=True)


def noise(random: Random, seed: int) -> Case:
    told = random.choice(["csv", "jsonl", "json", "parquet", "excel"])
    suffix = "xlsx" if told == "excel" else told
    spec = {"format": told} | ({"encoding": "detect"} if told in ("csv", "jsonl") and random.random() < 0.5 else {})
    return Case(random.randbytes(random.randint(1, 5000)), spec, suffix)


def stray_bytes(random: Random, seed: int) -> Case:
    rows = orders(random, seed, 40)
    lines = csv_of(rows).encode().splitlines(keepends=True)
    at = random.randrange(1, len(lines))
    lines[at] = lines[at].replace(b"s", b"\xff\xfe", 1)
    return Case(b"".join(lines), rows=len(rows), loaded=len(rows) - 1, refused=False)


def wide(random: Random, seed: int) -> Case:
    extra = tuple(f"x{number}" for number in range(random.choice([1, 3000])))
    lines = csv_of(orders(random, seed, 3)).splitlines()
    lines = [",".join((lines[0], *extra))] + [line + "," * len(extra) for line in lines[1:]]
    return Case(("\n".join(lines) + "\n").encode(), rows=3, loaded=3, refused=False)


def cut_jsonl(random: Random, seed: int) -> Case:
    data = jsonl_of(orders(random, seed)).encode()
    return Case(data[: random.randrange(len(data))], {"format": "jsonl"}, "jsonl")


def odd_jsonl(random: Random, seed: int) -> Case:
    rows = orders(random, seed, 30)
    lines = jsonl_of(rows).splitlines()
    bad = [
        "[" * 5000,
        '{"a":' * 5000,
        "null",
        "[]",
        "{",
        '{"order_id": "\\ud800"}',
        "\x00",
        '{"order_id": {"a": 1}}',
        "NaN",
    ]
    bad += [f'{{"order_id": {"9" * 5000}}}', '{"order_id": 1e309}', "nan", '{"order_id": true, "order_id": false}']
    for _ in range(2):
        lines.insert(random.randint(0, len(lines)), random.choice(bad))
    return Case(("\n".join(lines) + "\n").encode(), {"format": "jsonl"}, "jsonl", rows=32, loaded=30, refused=False)


def odd_document(random: Random, seed: int) -> Case:
    rows = orders(random, seed)
    spec = {"format": "json", "records": "data.orders"}
    data = document_of(rows)
    if random.random() < 0.5:
        return Case(data.encode()[: random.randrange(len(data.encode()))], spec, "json", refused=True)
    mixed: list[Any] = [*rows, 5, None, [], "text", {}]
    random.shuffle(mixed)
    count = len(mixed)
    return Case(document_of(mixed).encode(), spec, "json", rows=count, loaded=len(rows), refused=False)


def broken_document(random: Random, seed: int) -> Case:
    data = bytearray(document_of(orders(random, seed)).encode())
    for _ in range(random.randint(1, 3)):
        data[random.randrange(len(data))] = random.randrange(256)
    return Case(bytes(data), {"format": "json", "records": "data.orders"}, "json")


def broken_binary(random: Random, seed: int) -> Case:
    told, suffix, make = random.choice([("parquet", "parquet", parquet_of), ("excel", "xlsx", excel_of)])
    data = bytearray(make(orders(random, seed)))
    if random.random() < 0.5:
        return Case(bytes(data[: random.randrange(len(data))]), {"format": told}, suffix, refused=True)
    for _ in range(random.randint(1, 5)):
        data[random.randrange(len(data))] ^= random.randint(1, 255)
    return Case(bytes(data), {"format": told}, suffix)


def other_format(random: Random, seed: int) -> Case:
    rows = orders(random, seed)
    made = {
        "csv": csv_of(rows).encode(),
        "jsonl": jsonl_of(rows).encode(),
        "json": document_of(rows).encode(),
        "parquet": parquet_of(rows),
        "excel": excel_of(rows),
    }
    told, sent = random.sample(sorted(made), 2)
    return Case(made[sent], {"format": told}, "xlsx" if told == "excel" else told)


def control(random: Random, seed: int) -> Case:
    rows = orders(random, seed)
    data = csv_of(rows).encode()
    wrong = random.choice([{"rows": len(rows) + 1}, {"bytes": len(data) + 1}, {"sha256": "0" * 64}, None])
    right = {"rows": len(rows), "bytes": len(data)}
    said = right if wrong is None else right | wrong
    return Case(data, control=said, rows=len(rows), loaded=len(rows), refused=wrong is not None)


KINDS: tuple[Callable[[Random, int], Case], ...] = (
    cut_csv, cut_at_a_row, cut_packed, bad_gzip, marks, gbk, nul, quote_storm, line_ends, header_twice, shifted,
    odd_number, odd_date, odd_text, nothing, other_delimiter, growing, noise, stray_bytes, wide, cut_jsonl, odd_jsonl,
    odd_document, broken_document, broken_binary, other_format, control, huge_cell, bomb,
)  # fmt: skip


def case_of(seed: int) -> tuple[str, Case]:
    """(its kind, the file) of a seed; every kind comes in turn."""
    make = KINDS[seed % len(KINDS)]
    return make.__name__, make(Random(seed), seed)  # noqa: S311 (a seed is the point)
