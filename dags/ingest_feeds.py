"""## Ingest feeds

Begins the night. Takes the files of every feed of the set in use for one business date, lands them as they
were sent and loads `raw`. Rows that cannot be trusted go to quarantine, whole, with the reason.

* **When**: 02:00 shop time. The partition key is the business date, the day that has just closed.
* **Then**: the asset `raw` starts `build_marts` for the same date.
* **Run again**: safe; a file already loaded adds nothing. A backfill starts the later DAGs too.
* **When it fails**: the log names the feed, the file and what is wrong; mend it and run the date again.
"""

from airflow.sdk import dag, task

from huitou.orchestration import tasks
from huitou.orchestration.assets import RAW
from huitou.orchestration.defaults import Tag, night_dag, night_timetable


@dag(schedule=night_timetable(), **night_dag([Tag.INGEST], __doc__))
def ingest_feeds():
    @task
    def list_feeds():
        return tasks.list_feeds()

    @task(map_index_template="{{ task.op_kwargs['feed'] }}")
    def ingest_feed(feed, dag_run=None):
        return tasks.ingest_feed(feed, dag_run.partition_key)

    @task(outlets=[RAW])
    def release_raw(loads):
        return {"feeds": len(loads)}

    release_raw(ingest_feed.expand(feed=list_feeds()))


ingest_feeds()
