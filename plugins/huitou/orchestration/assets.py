"""The assets that tie the night's DAGs together. Their partition key is the business date, YYYY-MM-DD."""

from __future__ import annotations

from airflow.sdk import Asset

RAW = Asset(name="raw", uri="huitou://warehouse/raw")
MARTS = Asset(name="marts", uri="huitou://warehouse/marts")
MESSAGES = Asset(name="messages", uri="huitou://warehouse/messages")
