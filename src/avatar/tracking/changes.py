"""Each kind of change that a job makes to the store: as plain data that a file can keep, and how it is applied."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import time
from typing import Any

from avatar.common.registry import Registry
from avatar.tracking.mlflow_store import Store
from avatar.tracking.recorded_run import PARENT_TAG, end_sweep, search_runs

from mlflow.entities import Metric, Param, RunTag  # isort: skip  (mlflow comes after quiet() in store)

BATCH = 100
"""Largest number of params or tags in one call of MLflow; for metrics it is ten times as large."""

KEPT_TAG = "avatar.kept_run"
"""Tag of a run that was made while the store did not answer: the id that it had until it was sent."""


@dataclass(frozen=True)
class Change:
    """One change of the store. `kind` is a name in `CHANGES`, `run` the id of the run that is changed.

    `values` can be written as JSON. `path` is the file or folder whose content is sent, if any.
    """

    kind: str
    run: str
    values: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None


Apply = Callable[[Store, Change], str | None]
"""Makes the change; the result is the id of a new run. To make a change twice has the same effect as once."""

CHANGES: Registry[Apply] = Registry("change of the store")

NEW, RESUMED, BATCHED, FILE, TEXT, MODEL, ENDED, SWEEP_ENDED = (
    "new run",
    "resumed",
    "metrics, params and tags",
    "file",
    "text",
    "model",
    "ended",
    "sweep ended",
)


def now() -> int:
    """The time in milliseconds since 1970, as MLflow stores it."""
    return int(time() * 1000)


def apply(store: Store, change: Change) -> str | None:
    """Make `change` in the store."""
    return CHANGES.get(change.kind)(store, change)


@CHANGES.register(NEW)
def _new(store: Store, change: Change) -> str:
    """A new run. A kept change has an id of its own; if an earlier try made its run, that run is the result."""
    name, tags, experiment = change.values["name"], dict(change.values["tags"]), change.values["experiment"]
    parent = str(tags.get(PARENT_TAG))
    if not experiment:
        experiment = str(store.client.get_run(parent).info.experiment_id)
    if change.run:
        tags[KEPT_TAG] = change.run
        queries = [f"tags.`{KEPT_TAG}` = '{change.run}'"]
        if change.values["unique"]:
            queries.append(f"tags.`{PARENT_TAG}` = '{parent}' and attributes.run_name = '{name}'")
        for query in queries:
            runs = search_runs(replace(store, experiment_id=experiment), query)
            if runs:
                return runs[0].run_id
    return str(store.client.create_run(experiment, change.values["start"], tags, name).info.run_id)


@CHANGES.register(RESUMED)
def _resumed(store: Store, change: Change) -> None:
    store.client.update_run(change.run, status="RUNNING")
    if "error" in store.client.get_run(change.run).data.tags:
        store.client.delete_tag(change.run, "error")


@CHANGES.register(BATCHED)
def _batched(store: Store, change: Change) -> None:
    metrics = [Metric(name, value, change.values["time"], step) for name, value, step in change.values["metrics"]]
    params = [Param(name, value) for name, value in change.values["params"]]
    tags = [RunTag(name, value) for name, value in change.values["tags"]]
    for start in range(0, len(metrics), 10 * BATCH):
        store.client.log_batch(change.run, metrics=metrics[start : start + 10 * BATCH])
    for start in range(0, len(params), BATCH):
        store.client.log_batch(change.run, params=params[start : start + BATCH])
    for start in range(0, len(tags), BATCH):
        store.client.log_batch(change.run, tags=tags[start : start + BATCH])


@CHANGES.register(FILE)
def _file(store: Store, change: Change) -> None:
    path = _path(change)
    log = store.client.log_artifacts if path.is_dir() else store.client.log_artifact
    log(change.run, str(path), change.values["folder"])


@CHANGES.register(TEXT)
def _text(store: Store, change: Change) -> None:
    store.client.log_text(change.run, change.values["text"], change.values["name"])


@CHANGES.register(MODEL)
def _model(store: Store, change: Change) -> str:
    from avatar.tracking.logged_model import log_bundle

    return log_bundle(store, change.run, _path(change), change.values["examples"])


@CHANGES.register(ENDED)
def _ended(store: Store, change: Change) -> None:
    store.client.set_terminated(change.run, change.values["status"], change.values["time"])


@CHANGES.register(SWEEP_ENDED)
def _sweep_ended(store: Store, change: Change) -> str:
    experiment = str(store.client.get_run(change.run).info.experiment_id)
    return end_sweep(replace(store, experiment_id=experiment), change.run, change.values["interrupted"])


def _path(change: Change) -> Path:
    if change.path is None:
        raise ValueError(f"the change '{change.kind}' has no file")
    return change.path
