"""The MLflow store: opened, and made with its experiment if it does not exist."""

from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from avatar.common.errors import ArtifactError, ConfigError
from avatar.common.full_disk import full_disk
from avatar.common.logging import get_logger
from avatar.config.schema import TrackingConfig
from avatar.tracking.address import check_database, check_server, resolve_uri, server_answers, without_password
from avatar.tracking.database_file import prepare_database
from avatar.tracking.moved import follow_folder, set_location
from avatar.tracking.quiet import quiet

quiet()

import mlflow  # noqa: E402
from mlflow.entities import LifecycleStage  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402
from sqlalchemy.exc import SQLAlchemyError  # noqa: E402

LOCK_SECONDS = 120.0
"""Longest wait for another process that prepares the store, which takes a few seconds."""


@dataclass(frozen=True)
class Store:
    """An open store: its address, its client, and the experiment of new runs.

    `locks` is the folder of file locks; they tell a running job from one whose process was killed. If not `answers`,
    the server did not answer, and `experiment_id` is "".
    """

    uri: str
    client: MlflowClient
    experiment_id: str
    locks: Path
    answers: bool = True


def open_store(cfg: TrackingConfig, experiment: str, root: Path | None = None, needed: bool = True) -> Store:
    """Open the store of `cfg`; make it and the experiment first if they do not exist.

    A server that does not answer is a ConfigError, or if it is not `needed`, a store that does not answer.

    Relative paths are below `root` (None: the working directory). Several processes may call this at the same time
    for a store that does not exist yet: one makes it under a file lock, the others wait. Raises ConfigError for an
    address that MLflow does not support and for a server that does not answer, and ArtifactError for a file that is
    not a store or cannot be written.
    """
    root = (root or Path.cwd()).resolve()
    uri, database = resolve_uri(cfg.uri, root)
    shown = without_password(cfg.uri, cfg.uri)
    artifacts = (root / cfg.artifacts).resolve()
    locks = artifacts / ".locks"
    try:
        locks.mkdir(parents=True, exist_ok=True)
        if database is None:
            if not needed and not server_answers(uri):
                return Store(uri, MlflowClient(tracking_uri=uri), "", locks, answers=False)
            check_server(uri)
        else:
            database.parent.mkdir(parents=True, exist_ok=True)
            check_database(database)
        location = (artifacts / _folder_name(experiment)).as_uri()
        with FileLock(locks / "store.lock", timeout=LOCK_SECONDS):
            if database is not None:
                prepare_database(database)
            client = MlflowClient(tracking_uri=uri)
            experiment_id = _experiment(client, experiment, None if uri.startswith("http") else location)
            if database is not None:
                follow_folder(database)
                set_location(database, experiment_id, location)
            elif not uri.startswith("http"):
                warn_of_other_location(client, experiment_id, location)
    except OSError as error:
        raise ArtifactError(
            f"cannot prepare the tracking store {shown}, files in {artifacts}: {error.strerror or error}",
            "set tracking.uri and tracking.artifacts to paths that you can write to, or set tracking.enabled=false",
        ) from error
    except (MlflowException, SQLAlchemyError) as error:
        raise ArtifactError(
            without_password(f"the tracking store {cfg.uri} cannot be used: {str(error).splitlines()[0]}", cfg.uri),
            "free some disk space, or set tracking.uri to another file"
            if full_disk(error)
            else "move the file away to start a new store; for a store of an older MLflow run `mlflow db upgrade`",
        ) from error
    mlflow.set_tracking_uri(uri)
    return Store(uri, client, experiment_id, locks)


def _experiment(client: MlflowClient, name: str, location: str | None) -> str:
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        return str(client.create_experiment(name, artifact_location=location))
    if experiment.lifecycle_stage == LifecycleStage.DELETED:
        raise ConfigError(
            f"the MLflow experiment '{name}' was deleted in this store",
            f"restore it (mlflow experiments restore --experiment-id {experiment.experiment_id}), "
            "or give the experiment another name: tracking.experiment=NAME",
        )
    return str(experiment.experiment_id)


def warn_of_other_location(client: MlflowClient, experiment_id: str, location: str) -> None:
    """Warn if the store of a database, which others may share, has the experiment's files not in `location`."""
    kept = client.get_experiment(experiment_id).artifact_location
    if kept != location:
        get_logger("tracking").warning(
            "the store keeps this experiment's files in %s, so tracking.artifacts (%s) is not used; to use it, choose "
            "another experiment: tracking.experiment=NAME",
            kept,
            location,
        )


def _folder_name(experiment: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in experiment)
