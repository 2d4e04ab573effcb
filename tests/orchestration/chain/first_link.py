"""First link: starts every minute by the clock too, which a night asked for must never let happen."""

from airflow.sdk import Asset, CronPartitionTimetable, dag, task
from shared import work

A = Asset(name="a", uri="test://chain/a")


@dag(
    schedule=CronPartitionTimetable("* * * * *", timezone="UTC", key_format="%Y-%m-%d", run_immediately=True),
    catchup=False,
    max_active_runs=1,
)
def first_link():
    @task
    def list_parts():
        return ["red", "green", "blue"]

    @task(map_index_template="{{ task.op_kwargs['part'] }}", retries=1)
    def load_part(part, dag_run=None):
        return work(f"load_part[{part}]", dag_run.partition_key)

    @task(outlets=[A])
    def release(loads):
        return len(loads)

    release(load_part.expand(part=list_parts()))


first_link()
