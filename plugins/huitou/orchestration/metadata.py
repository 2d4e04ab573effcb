"""Airflow's metadata database: made ready, told the DAGs, and rid of what a killed process left."""

from __future__ import annotations

from typing import Any

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.jobs.job import Job
from airflow.models.asset import (
    AssetDagRunQueue,
    AssetPartitionDagRun,
    DagScheduleAssetReference,
    PartitionedAssetKeyLog,
    TaskOutletAssetReference,
)
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.sdk.timezone import utcnow
from airflow.utils import db
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState, JobState, State, TaskInstanceState
from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError

from huitou.errors import TransientError, UserError

UNFINISHED = (DagRunState.QUEUED, DagRunState.RUNNING)


def migrate() -> None:
    """Create or upgrade Airflow's tables; next to nothing to do when they are current.

    Raises ``TransientError`` when the database does not answer.
    """
    try:
        with create_session() as session:
            current = db._get_current_revision(session)
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise TransientError(f"Airflow's metadata database does not answer: {reason}") from None
    if current != list(db._REVISION_HEADS_MAP.values())[-1]:
        db.initdb()


def sync_dags() -> dict[str, Any]:
    """Parse the DAGs folder and store the DAGs, unpaused and without a next scheduled run.

    Taking the next run away keeps the clock from starting a second night beside the one asked for; the
    next start of Airflow's own DAG processor puts it back. Raises ``UserError`` on a DAG that fails to import.
    """
    dags: dict[str, Any] = {}
    manager = DagBundlesManager()
    manager.sync_bundles_to_db()
    for bundle in manager.get_all_dag_bundles():
        bag = BundleDagBag(bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
        for file, error in bag.import_errors.items():
            raise UserError(f"The DAG file {file} cannot be imported: {str(error).strip().splitlines()[-1]}")
        sync_bag_to_db(bag, bundle.name, bundle.version)
        dags |= bag.dags
    with create_session() as session:
        session.execute(
            update(DagModel).where(DagModel.dag_id.in_(dags)).values(is_paused=False, next_dagrun_create_after=None)
        )
    return dags


def sweep(executor_class: str) -> int:
    """Fail every unfinished run and forget asset events that no run has taken; returns the runs' number.

    Call only while no scheduler is alive: then whatever is unfinished was left by a process that died,
    and the night asked for starts afresh instead of waiting behind it.
    """
    now = utcnow()
    with create_session() as session:
        runs = session.scalars(select(DagRun).where(DagRun.state.in_(UNFINISHED))).all()
        session.execute(
            update(TaskInstance)
            .where(
                TaskInstance.run_id.in_([run.run_id for run in runs]),
                TaskInstance.dag_id.in_({run.dag_id for run in runs}),
                TaskInstance.state.in_([s for s in State.unfinished if s is not None]),
            )
            .values(state=TaskInstanceState.FAILED, end_date=now)
            .execution_options(synchronize_session=False)
        )
        for run in runs:
            run.set_state(DagRunState.FAILED)
        pending = select(AssetPartitionDagRun.id).where(AssetPartitionDagRun.created_dag_run_id.is_(None))
        session.execute(
            delete(PartitionedAssetKeyLog).where(PartitionedAssetKeyLog.asset_partition_dag_run_id.in_(pending))
        )
        session.execute(delete(AssetPartitionDagRun).where(AssetPartitionDagRun.created_dag_run_id.is_(None)))
        session.execute(delete(AssetDagRunQueue))
        session.execute(
            update(Job)
            .where(Job.executor_class == executor_class, Job.state == JobState.RUNNING)
            .values(state=JobState.FAILED, end_date=now)
        )
        return len(runs)


def other_scheduler(executor_class: str) -> bool:
    """Whether a scheduler that is not a night's own has given a sign of life lately."""
    query = select(Job).where(
        Job.job_type == "SchedulerJob",
        Job.state == JobState.RUNNING,
        Job.executor_class.is_distinct_from(executor_class),
    )
    with create_session() as session:
        return any(job.is_alive() for job in session.scalars(query))


def unfinished_runs() -> int:
    """How many DAG runs are queued or running."""
    with create_session() as session:
        return len(session.scalars(select(DagRun.id).where(DagRun.state.in_(UNFINISHED))).all())


def last_run_id() -> int:
    """The highest run number so far, to tell later runs from earlier ones."""
    with create_session() as session:
        return session.scalar(select(DagRun.id).order_by(DagRun.id.desc()).limit(1)) or 0


def run_states(after: int, partition_key: str) -> dict[str, str]:
    """State of each DAG's latest run of the business date among the runs numbered above ``after``."""
    query = (
        select(DagRun.dag_id, DagRun.state)
        .where(DagRun.id > after, DagRun.partition_key == partition_key)
        .order_by(DagRun.id)
    )
    with create_session() as session:
        return {dag_id: str(state) for dag_id, state in session.execute(query)}


def asset_edges() -> set[tuple[str, str]]:
    """Pairs of DAG ids: one that writes an asset, one that is scheduled on it."""
    query = select(TaskOutletAssetReference.dag_id, DagScheduleAssetReference.dag_id).join(
        DagScheduleAssetReference, DagScheduleAssetReference.asset_id == TaskOutletAssetReference.asset_id
    )
    with create_session() as session:
        return {(producer, consumer) for producer, consumer in session.execute(query)}
