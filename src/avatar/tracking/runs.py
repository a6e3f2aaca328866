"""The runs of one job: opened, resumed after a kill, nested, ended."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import time

from filelock import Timeout

from avatar.common.errors import ConfigError
from avatar.common.signals import Interrupted, check, interrupting
from avatar.config.schema import Config
from avatar.tracking.address import without_password
from avatar.tracking.mlflow_store import Store, open_store
from avatar.tracking.mlflow_values import (
    PARENT_VARIABLE,
    config_hash,
    config_yaml,
    finite,
    flat_params,
    standard_tags,
)
from avatar.tracking.recorded_run import PARENT_TAG, RecordedRun, job_lock, recorded, search_runs

from mlflow.entities import Metric, Param, RunTag  # isort: skip  (mlflow comes after quiet() in store)
from mlflow.exceptions import MlflowException  # isort: skip

NAME_TAG = "mlflow.runName"
BATCH = 100
"""Largest number of params or tags in one call of MLflow."""


class Run:
    """An open run. Without a store (tracking.enabled=false) its methods do nothing."""

    def __init__(self, store: Store | None = None, record: RecordedRun | None = None) -> None:
        self._store = store
        self._record = record
        self._latest = dict(record.metrics) if record else {}

    @property
    def run_id(self) -> str | None:
        """MLflow's id; None without a store."""
        return self._record.run_id if self._record else None

    @property
    def resumed(self) -> bool:
        """Whether an earlier process began this run."""
        return self._record is not None and self._record.tags.get("resumed") == "true"

    def log_metrics(self, metrics: Mapping[str, float | None], step: int | None = None) -> None:
        """Record the finite values of `metrics`. Without `step`, values that the run already has are not sent again."""
        kept = finite(metrics)
        if self._store is None or self._record is None:
            return
        if step is None:
            kept = {name: value for name, value in kept.items() if self._latest.get(name) != value}
        self._latest.update(kept)
        now = int(time() * 1000)
        entries = [Metric(name, value, now, step or 0) for name, value in kept.items()]
        for start in range(0, len(entries), 10 * BATCH):
            self._store.client.log_batch(self._record.run_id, metrics=entries[start : start + 10 * BATCH])

    def log_params(self, params: Mapping[str, object]) -> None:
        """Record `params`. A param that the run already has keeps its value."""
        if self._store is None or self._record is None:
            return
        new = [Param(name, str(value)) for name, value in params.items() if name not in self._record.params]
        for start in range(0, len(new), BATCH):
            self._store.client.log_batch(self._record.run_id, params=new[start : start + BATCH])

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set `tags`; a tag of the same name is replaced."""
        if self._store is None or self._record is None:
            return
        entries = [RunTag(name, str(value)) for name, value in tags.items()]
        for start in range(0, len(entries), BATCH):
            self._store.client.log_batch(self._record.run_id, tags=entries[start : start + BATCH])

    def log_artifact(self, path: Path, folder: str | None = None) -> None:
        """Copy a file, or a folder with its content, to the run's files, below `folder`."""
        if self._store is None or self._record is None:
            return
        log = self._store.client.log_artifacts if path.is_dir() else self._store.client.log_artifact
        log(self._record.run_id, str(path), folder)

    def log_text(self, text: str, name: str) -> None:
        """Keep `text` as the run's file `name`."""
        if self._store is not None and self._record is not None:
            self._store.client.log_text(self._record.run_id, text, name)

    def log_student_model(self, bundle: Path, examples: Sequence[str] | Sequence[tuple[str, str]]) -> str | None:
        """Log a bundle as an MLflow model with signature and example; returns the address that loads it."""
        if self._store is None or self._record is None:
            return None
        from avatar.tracking.logged_model import log_bundle

        return log_bundle(self._store, self._record.run_id, bundle, examples)

    @contextmanager
    def child_run(self, name: str, tags: Mapping[str, object] | None = None) -> Iterator["Run"]:
        """A nested run. `name` is unique in this run; in a resumed run, the child of that name is resumed."""
        if self._store is None or self._record is None:
            yield Run()
            return
        where = f"tags.`{PARENT_TAG}` = '{self._record.run_id}' and attributes.run_name = '{_quoted(name)}'"
        runs = search_runs(self._store, where) if self.resumed else []
        all_tags = {**(tags or {}), PARENT_TAG: self._record.run_id}
        with _opened(self._store, name, all_tags, runs[0] if runs else None) as child:
            yield child


def parent_of(cfg: Config) -> str | None:
    """Id of the sweep's parent run, from the config or from the environment variable that the sweep set."""
    return cfg.parent_run or os.environ.get(PARENT_VARIABLE) or None


def find_job_run(cfg: Config, root: Path | None = None) -> RecordedRun | None:
    """The newest finished run of the same job in the same sweep; else the newest unfinished one; else None."""
    if not cfg.tracking.enabled:
        return None
    store, parent = _store_and_parent(cfg, root)
    runs = _job_runs(store, config_hash(cfg), parent)
    return next((run for run in runs if run.finished), runs[0] if runs else None)


@contextmanager
def job_run(
    cfg: Config, name: str, tags: Mapping[str, object] | None = None, root: Path | None = None
) -> Iterator[Run]:
    """The run of one job, with its params, tags and config.yaml; below the sweep's parent run if there is one.

    An unfinished run of the same job is resumed if its process has ended. A finished one is not changed (call
    `find_job_run` first). The status is FINISHED if the block ends normally, KILLED after a signal, and FAILED after
    any other exception, whose first line becomes the tag `error`. `tags` are added to dataset, teacher, search_space,
    stage, config_hash, output_dir, git_commit and machine.
    """
    if not cfg.tracking.enabled:
        yield Run()
        return
    root = (root or Path.cwd()).resolve()
    store, parent = _store_and_parent(cfg, root)
    digest = config_hash(cfg)
    all_tags = {
        "dataset": cfg.dataset.name,
        "teacher": cfg.teacher.name,
        "search_space": cfg.search_space.name,
        "stage": "job",
        "config_hash": digest,
        "output_dir": str((root / cfg.output_dir).resolve()),
        **standard_tags(root),
        **(tags or {}),
    }
    if parent is not None:
        all_tags[PARENT_TAG] = parent
    lock = job_lock(store, digest, parent)
    try:
        lock.acquire(timeout=0)
    except Timeout:  # another process runs the same job now: it keeps its run, and this one gets a new run
        abandoned = None
    else:
        abandoned = next((run for run in _job_runs(store, digest, parent) if not run.finished), None)
    try:
        with _opened(store, name, all_tags, abandoned) as run:
            run.log_params(flat_params(cfg))
            run.log_text(config_yaml(cfg), "config.yaml")
            yield run
    finally:
        lock.release()


def _store_and_parent(cfg: Config, root: Path | None) -> tuple[Store, str | None]:
    """The store, with the parent run's experiment so that MLflow shows the job below it, and the parent run's id."""
    store = open_store(cfg.tracking, cfg.mlflow_experiment, root)
    parent = parent_of(cfg)
    if parent is None:
        return store, None
    try:
        experiment_id = store.client.get_run(parent).info.experiment_id
    except MlflowException as error:
        raise ConfigError(
            f"the parent run {parent} is not in the tracking store {without_password(store.uri, store.uri)}",
            f"unset {PARENT_VARIABLE} and parent_run, or use the store in which the sweep was started",
        ) from error
    return Store(store.uri, store.client, experiment_id, store.locks), parent


def _job_runs(store: Store, digest: str, parent: str | None) -> list[RecordedRun]:
    return [run for run in search_runs(store, f"tags.config_hash = '{digest}'") if run.tags.get(PARENT_TAG) == parent]


def _quoted(name: str) -> str:
    if "'" in name:
        raise ValueError(f"the name of a run contains a quotation mark: {name}")
    return name


@contextmanager
def _opened(store: Store, name: str, tags: Mapping[str, object], resumed: RecordedRun | None) -> Iterator[Run]:
    """A new run, or `resumed` continued; its status follows from how the block ends."""
    if resumed is None:
        texts = {key: str(value) for key, value in tags.items()}
        record = recorded(store.client.create_run(store.experiment_id, tags=texts, run_name=name))
        run = Run(store, record)
    else:
        store.client.update_run(resumed.run_id, status="RUNNING")
        if "error" in resumed.tags:
            store.client.delete_tag(resumed.run_id, "error")
        tags = {**tags, "resumed": "true"}
        merged = {**resumed.tags, **{key: str(value) for key, value in tags.items()}}
        run = Run(store, RecordedRun(resumed.run_id, resumed.name, "RUNNING", resumed.metrics, resumed.params, merged))
        run.set_tags(tags)
        record = resumed
    try:
        yield run
        check()
    except BaseException as error:
        killed = interrupting() is not None or isinstance(error, (KeyboardInterrupt, Interrupted))
        run.set_tags({"error": (str(error).splitlines() or [type(error).__name__])[0][:500]})
        store.client.set_terminated(record.run_id, "KILLED" if killed else "FAILED")
        raise
    store.client.set_terminated(record.run_id, "FINISHED")
