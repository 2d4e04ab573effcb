"""Loads a CSV of order lines by dlt's fastest way into PostgreSQL (an Arrow table, Parquet files, ADBC).

Runs in an environment of its own: dlt's pins are not this project's.
"""

from __future__ import annotations

import json
import sys
import time

import dlt
import pyarrow as pa
import pyarrow.csv as pa_csv


def main() -> None:
    path, url, folder, how = sys.argv[1:5]
    money = pa.decimal128(18, 4)
    types = {"unit_price": money, "discount": money, "shipping": money, "updated_at": pa.timestamp("us")}
    began = time.perf_counter()
    table = pa_csv.read_csv(path, convert_options=pa_csv.ConvertOptions(column_types=types))
    pipeline = dlt.pipeline(
        "bench", pipelines_dir=folder, destination=dlt.destinations.postgres(url), dataset_name="by_dlt"
    )
    # "replace" appends to an empty table; "merge" keeps one row a key, which is what an ingest that is run again needs.
    key = {"primary_key": ("order_id", "line_no")} if how == "merge" else {}
    pipeline.run(table, table_name=f"by_{how}", write_disposition=how, loader_file_format="parquet", **key)
    print(json.dumps({"whole": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
