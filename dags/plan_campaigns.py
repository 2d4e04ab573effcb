"""## Plan campaigns

Decides on every candidate of every campaign: `send`, or the first reason that keeps the person out. Writes
the messages to the outbox, each with its coupon, and marketing's list of the day.

* **When**: the asset `marts` has a new business date.
* **Then**: the asset `messages` starts `deliver_messages` for the same date.
* **Run again**: safe; the same marts give the same decisions and message ids.
* **When it fails**: the log names the campaign file and the key at fault. Nothing was sent.
"""

from airflow.sdk import PartitionedAssetTimetable, dag, task

from huitou.orchestration import tasks
from huitou.orchestration.assets import MARTS, MESSAGES
from huitou.orchestration.defaults import Tag, night_dag


@dag(schedule=PartitionedAssetTimetable(assets=MARTS), **night_dag([Tag.CAMPAIGNS], __doc__))
def plan_campaigns():
    @task
    def plan_campaigns(dag_run=None):
        return tasks.plan_campaigns(dag_run.partition_key)

    @task(outlets=[MESSAGES])
    def write_lists(dag_run=None):
        return tasks.write_lists(dag_run.partition_key)

    plan_campaigns() >> write_lists()


plan_campaigns()
