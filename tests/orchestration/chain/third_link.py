"""Third link: the end of the chain."""

from airflow.sdk import Asset, PartitionedAssetTimetable, dag, task
from shared import work

B = Asset(name="b", uri="test://chain/b")


@dag(schedule=PartitionedAssetTimetable(assets=B), catchup=False, max_active_runs=1)
def third_link():
    @task(retries=1)
    def send(dag_run=None):
        return work("send", dag_run.partition_key)

    send()


third_link()
