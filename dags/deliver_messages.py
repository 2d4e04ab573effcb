"""## Deliver messages

Sends the messages that are due through their channels. Each is claimed in the outbox before a byte leaves
and settled after; a time-out leaves it *unknown*, which counts as sent and is not sent again by itself.

* **When**: the asset `messages` has a new business date.
* **Then**: the night is over; receipts come back as a source.
* **Run again**: safe; what was accepted is not sent a second time.
* **When it fails**: the log names the channel and the answer. Run the date again once the provider is back.
"""

from airflow.sdk import PartitionedAssetTimetable, dag, task

from huitou.orchestration import tasks
from huitou.orchestration.assets import MESSAGES
from huitou.orchestration.defaults import Tag, night_dag


@dag(schedule=PartitionedAssetTimetable(assets=MESSAGES), **night_dag([Tag.DELIVERY], __doc__))
def deliver_messages():
    @task
    def deliver_messages(dag_run=None):
        return tasks.deliver_messages(dag_run.partition_key)

    deliver_messages()


deliver_messages()
