"""Second link: two tasks in a row."""

from airflow.sdk import Asset, PartitionedAssetTimetable, dag, task
from shared import work

A = Asset(name="a", uri="test://chain/a")
B = Asset(name="b", uri="test://chain/b")


@dag(schedule=PartitionedAssetTimetable(assets=A), catchup=False, max_active_runs=1)
def second_link():
    @task(retries=2)
    def check(dag_run=None):
        return work("check", dag_run.partition_key)

    @task(outlets=[B])
    def build(dag_run=None):
        return work("build", dag_run.partition_key)

    check() >> build()


second_link()
