"""The MLflow store: where it is, that it exists, and one experiment in it."""

from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from avatar.common.errors import ArtifactError, ConfigError
from avatar.common.logging import get_logger
from avatar.config.schema import TrackingConfig
from avatar.tracking.address import check_database, check_server, resolve_uri
from avatar.tracking.moved import follow_folder, set_location
from avatar.tracking.quiet import quiet

quiet()

import mlflow  # noqa: E402
from mlflow.entities import LifecycleStage  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402
from sqlalchemy.exc import SQLAlchemyError  # noqa: E402

LOCK_SECONDS = 120.0
"""How long to wait for another process that prepares the store; that takes it a few seconds."""


@dataclass(frozen=True)
class Store:
    """An open store: its address, its client, and the experiment that new runs land in.

    `locks` is the folder of the file locks that tell a run at work from one whose process was killed.
    """

    uri: str
    client: MlflowClient
    experiment_id: str
    locks: Path


def open_store(cfg: TrackingConfig, experiment: str, root: Path | None = None) -> Store:
    """Open the store of `cfg`, made with the experiment first where either is missing.

    Relative places are below `root`, by default the working directory. Any number of processes may call
    this at once on a store that does not exist yet: one makes it under a file lock, the others wait. An
    address of a kind that MLflow refuses, and a server that does not answer, are a ConfigError; a file
    that is no store or cannot be written is an ArtifactError.
    """
    root = (root or Path.cwd()).resolve()
    uri, database = resolve_uri(cfg.uri, root)
    artifacts = (root / cfg.artifacts).resolve()
    locks = artifacts / ".locks"
    try:
        locks.mkdir(parents=True, exist_ok=True)
        if database is None:
            check_server(uri)
        else:
            database.parent.mkdir(parents=True, exist_ok=True)
            check_database(database)
        location = (artifacts / _folder_name(experiment)).as_uri()
        with FileLock(locks / "store.lock", timeout=LOCK_SECONDS):
            client = MlflowClient(tracking_uri=uri)
            experiment_id = _experiment(client, experiment, None if uri.startswith("http") else location)
            if database is not None:
                follow_folder(database)
                set_location(database, experiment_id, location)
            elif not uri.startswith("http"):
                warn_of_other_location(client, experiment_id, location)
    except OSError as error:
        raise ArtifactError(
            f"cannot prepare the tracking store {cfg.uri}, files in {artifacts}: {error.strerror or error}",
            "set tracking.uri and tracking.artifacts to writable places, or tracking.enabled=false",
        ) from error
    except (MlflowException, SQLAlchemyError) as error:
        raise ArtifactError(
            f"the tracking store {cfg.uri} cannot be used: {str(error).splitlines()[0]}",
            "move the file away to start a fresh store, or run `mlflow db upgrade` on one of an older MLflow",
        ) from error
    mlflow.set_tracking_uri(uri)
    return Store(uri, client, experiment_id, locks)


def _experiment(client: MlflowClient, name: str, location: str | None) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name, artifact_location=location))
    if found.lifecycle_stage == LifecycleStage.DELETED:
        raise ConfigError(
            f"the MLflow experiment '{name}' was deleted in this store",
            f"restore it (mlflow experiments restore --experiment-id {found.experiment_id}), "
            "or give the experiment another name: tracking.experiment=NAME",
        )
    return str(found.experiment_id)


def warn_of_other_location(client: MlflowClient, experiment_id: str, location: str) -> None:
    """Say where a database that others may share keeps an experiment's files, where it isn't `location`."""
    kept = client.get_experiment(experiment_id).artifact_location
    if kept != location:
        get_logger("tracking").warning(
            "the store keeps this experiment's files in %s, so tracking.artifacts (%s) is not used; another name "
            "of the experiment (experiment=NAME) gets files there",
            kept,
            location,
        )


def _folder_name(experiment: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in experiment)
