"""Runs in the store: queries, and ending the runs whose process was killed."""

from collections.abc import Mapping
from dataclasses import dataclass

from filelock import FileLock, Timeout

from avatar.tracking.mlflow_store import Store

from mlflow.entities import Run as MlflowRun  # isort: skip  (mlflow comes after quiet() in store)

NAME_TAG, PARENT_TAG = "mlflow.runName", "mlflow.parentRunId"


@dataclass(frozen=True)
class RecordedRun:
    """A run as the store has it. `status` is MLflow's: RUNNING, FINISHED, FAILED or KILLED."""

    run_id: str
    name: str
    status: str
    metrics: Mapping[str, float]
    params: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def finished(self) -> bool:
        """Whether the run ended without error. Then nothing is computed or logged again."""
        return self.status == "FINISHED"


def recorded(run: MlflowRun) -> RecordedRun:
    """MLflow's run as a RecordedRun."""
    data, info = run.data, run.info
    return RecordedRun(info.run_id, info.run_name, info.status, dict(data.metrics), dict(data.params), dict(data.tags))


def search_runs(store: Store, where: str) -> list[RecordedRun]:
    """Runs of the experiment that match and were not deleted, newest first; `where` is a filter of MLflow."""
    runs = store.client.search_runs([store.experiment_id], where, order_by=["attributes.start_time DESC"])
    return [recorded(run) for run in runs]


def job_lock(store: Store, digest: str, parent: str | None) -> FileLock:
    """A lock that the process of a job holds. The system releases it when the process ends."""
    return FileLock(store.locks / f"{parent or store.experiment_id}-{digest}.lock")


def end_sweep(store: Store, run_id: str, interrupted: bool) -> str:
    """Set and return the status of a sweep's run.

    It is KILLED if the sweep or a job was killed, FINISHED if all jobs are, else FAILED. Jobs
    whose process was killed together with the sweep get the status KILLED too.
    """
    close_abandoned(store, run_id)
    jobs = store.client.search_runs([store.experiment_id], f"tags.`{PARENT_TAG}` = '{run_id}'", max_results=10_000)
    ends = {job.info.status for job in jobs}
    status = "KILLED" if interrupted or "KILLED" in ends else "FINISHED" if ends == {"FINISHED"} else "FAILED"
    store.client.set_terminated(run_id, status)
    return status


def close_abandoned(store: Store, parent: str) -> None:
    """Set the status KILLED for jobs of a sweep that are recorded as RUNNING but whose process has ended."""
    for job in _running_below(store, parent):
        lock = job_lock(store, job.tags.get("config_hash", ""), parent)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        try:
            _end_killed(store, job)
        finally:
            lock.release()


def _running_below(store: Store, parent: str) -> list[RecordedRun]:
    return search_runs(store, f"tags.`{PARENT_TAG}` = '{parent}' and attributes.status = 'RUNNING'")


def _end_killed(store: Store, run: RecordedRun) -> None:
    for child in _running_below(store, run.run_id):
        _end_killed(store, child)
    store.client.set_terminated(run.run_id, "KILLED")
