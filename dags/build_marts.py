"""## Build marts

Checks `raw`, builds the candidate marts with dbt, checks them, and publishes them in one transaction.
Readers see the whole old night or the whole new one.

* **When**: the asset `raw` has a new business date.
* **Then**: the asset `marts` starts `plan_campaigns` for the same date.
* **Run again**: safe; the same raw rows give the same marts.
* **When it fails**: the gate names the rule, the table and the keys. Nothing was published: the marts are
  those of the night before.
"""

from airflow.sdk import PartitionedAssetTimetable, dag, task

from huitou.orchestration import tasks
from huitou.orchestration.assets import MARTS, RAW
from huitou.orchestration.defaults import Tag, night_dag


@dag(schedule=PartitionedAssetTimetable(assets=RAW), **night_dag([Tag.TRANSFORM], __doc__))
def build_marts():
    @task
    def check_raw(dag_run=None):
        return tasks.check_raw(dag_run.partition_key)

    @task(outlets=[MARTS])
    def build_marts(dag_run=None):
        return tasks.build_marts(dag_run.partition_key)

    check_raw() >> build_marts()


build_marts()
