"""The runs of one job: opened, resumed after a kill, nested, ended."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from filelock import Timeout

from avatar.common.errors import ArtifactError, AvatarError, ConfigError
from avatar.common.signals import Interrupted, check, interrupting
from avatar.config.schema import Config
from avatar.tracking.address import server_answers, without_password
from avatar.tracking.changes import BATCHED, ENDED, FILE, MODEL, NEW, RESUMED, TEXT, Change, now
from avatar.tracking.delivery import Delivery, send_waiting, unsent_sentence
from avatar.tracking.mlflow_store import Store, open_store
from avatar.tracking.mlflow_values import (
    PARENT_VARIABLE,
    config_hash,
    config_yaml,
    finite,
    flat_params,
    parent_of,
    standard_tags,
)
from avatar.tracking.recorded_run import PARENT_TAG, RecordedRun, job_lock, search_runs

from mlflow.exceptions import MlflowException  # isort: skip  (mlflow comes after quiet() in store)


class Run:
    """An open run. Without a store (tracking.enabled=false) its methods do nothing.

    If the store stops answering after the job has begun, no method fails: what it records is kept on disk.
    """

    def __init__(self, delivery: Delivery | None = None, record: RecordedRun | None = None) -> None:
        self._delivery = delivery
        self._record = record
        self._latest = dict(record.metrics) if record else {}

    @property
    def run_id(self) -> str | None:
        """MLflow's id, or an id of ours for a run that MLflow does not know yet; None without a store."""
        return self._record.run_id if self._record else None

    @property
    def resumed(self) -> bool:
        """Whether an earlier process began this run."""
        return self._record is not None and self._record.tags.get("resumed") == "true"

    @property
    def unsent(self) -> str:
        """After the end of the job: a sentence about what the store did not get; "" if it got everything."""
        if self._delivery is None or self._delivery.kept is None:
            return ""
        return unsent_sentence(self._delivery.store, self._delivery.kept)

    def _send(self, kind: str, path: Path | None = None, **values: object) -> str | None:
        if self._delivery is None or self._record is None:
            return None
        return self._delivery.send(Change(kind, self._record.run_id, values, path))

    def _batch(
        self,
        metrics: Sequence[tuple[str, float, int]] = (),
        params: Sequence[tuple[str, str]] = (),
        tags: Sequence[tuple[str, str]] = (),
    ) -> None:
        if metrics or params or tags:
            self._send(BATCHED, time=now(), metrics=metrics, params=params, tags=tags)

    def log_metrics(self, metrics: Mapping[str, float | None], step: int | None = None) -> None:
        """Record the finite values of `metrics`. Without `step`, values that the run already has are not sent again."""
        kept = finite(metrics)
        if step is None:
            kept = {name: value for name, value in kept.items() if self._latest.get(name) != value}
        self._latest.update(kept)
        self._batch(metrics=[(name, value, step or 0) for name, value in kept.items()])

    def log_params(self, params: Mapping[str, object]) -> None:
        """Record `params`. A param that the run already has keeps its value."""
        known = self._record.params if self._record else {}
        self._batch(params=[(name, str(value)) for name, value in params.items() if name not in known])

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Set `tags`; a tag of the same name is replaced."""
        self._batch(tags=[(name, str(value)) for name, value in tags.items()])

    def log_artifact(self, path: Path, folder: str | None = None) -> None:
        """Copy a file, or a folder with its content, to the run's files, below `folder`."""
        self._send(FILE, path, folder=folder)

    def log_text(self, text: str, name: str) -> None:
        """Keep `text` as the run's file `name`."""
        self._send(TEXT, text=text, name=name)

    def log_student_model(self, bundle: Path, examples: Sequence[str] | Sequence[tuple[str, str]]) -> str | None:
        """Log a bundle as an MLflow model with signature and example; returns the address that loads it.

        None if the model could not be sent.
        """
        address = self._send(MODEL, bundle, examples=examples)
        return address if address and address.startswith("models:/") else None

    def end(self, status: str) -> None:
        """Set the final status: FINISHED, FAILED or KILLED."""
        self._send(ENDED, status=status, time=now())

    @contextmanager
    def child_run(self, name: str, tags: Mapping[str, object] | None = None) -> Iterator["Run"]:
        """A nested run. `name` is unique in this run; in a resumed run, the child of that name is resumed."""
        if self._delivery is None or self._record is None:
            yield Run()
            return
        where = f"tags.`{PARENT_TAG}` = '{self._record.run_id}' and attributes.run_name = '{_quoted(name)}'"
        runs = self._delivery.read(lambda store: search_runs(store, where)) if self.resumed else None
        all_tags = {**(tags or {}), PARENT_TAG: self._record.run_id}
        with _opened(self._delivery, name, all_tags, runs[0] if runs else None, unique=True) as child:
            yield child


def find_job_run(cfg: Config, root: Path | None = None) -> RecordedRun | None:
    """The newest finished run of the same job in the same sweep; else the newest unfinished one; else None."""
    if not cfg.tracking.enabled:
        return None
    store, parent = _store_and_parent(cfg, root)
    if not store.answers:
        return None
    try:
        runs = Delivery(store).read(lambda store: _job_runs(store, config_hash(cfg), parent)) or []
    except ArtifactError:
        if parent is None:
            raise
        return None  # a job of a sweep can do without the store
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

    A store that does not answer before the block begins is an ArtifactError. Later it ends no job: what it does not
    get is kept on disk, and the next call with the same store sends it. A job of a sweep also starts without it.
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
    delivery = Delivery(store, strict=parent is None)
    abandoned = None
    try:
        with suppress(Timeout):  # another process runs the same job now: it keeps its run, and this one gets a new run
            lock.acquire(timeout=0)
            earlier = delivery.read(lambda store: _job_runs(store, digest, parent)) or []
            abandoned = next((run for run in earlier if not run.finished), None)
        with _opened(delivery, name, all_tags, abandoned) as run:
            run.log_params(flat_params(cfg))
            run.log_text(config_yaml(cfg), "config.yaml")
            delivery.strict = False
            yield run
    finally:
        lock.release()
        delivery.finish()


def _store_and_parent(cfg: Config, root: Path | None) -> tuple[Store, str | None]:
    """The store, with the parent run's experiment so that MLflow shows the job below it, and the parent run's id."""
    parent = parent_of(cfg)
    store = open_store(cfg.tracking, cfg.mlflow_experiment, root, needed=parent is None)
    if store.answers:
        send_waiting(store)
    if parent is None or not store.answers:
        return store, parent
    try:
        experiment_id = store.client.get_run(parent).info.experiment_id
    except MlflowException as error:
        if not server_answers(store.uri):
            return replace(store, answers=False), parent
        raise ConfigError(
            f"the parent run {parent} is not in the tracking store {without_password(store.uri, store.uri)}",
            f"unset {PARENT_VARIABLE} and parent_run, or use the store in which the sweep was started",
        ) from error
    return replace(store, experiment_id=experiment_id), parent


def _job_runs(store: Store, digest: str, parent: str | None) -> list[RecordedRun]:
    return [run for run in search_runs(store, f"tags.config_hash = '{digest}'") if run.tags.get(PARENT_TAG) == parent]


def _quoted(name: str) -> str:
    if "'" in name:
        raise ValueError(f"the name of a run contains a quotation mark: {name}")
    return name


@contextmanager
def _opened(
    delivery: Delivery, name: str, tags: Mapping[str, object], resumed: RecordedRun | None, unique: bool = False
) -> Iterator[Run]:
    """A new run, or `resumed` continued; its status follows from how the block ends.

    `unique` means that its parent has no other run of this name.
    """
    texts = {key: str(value) for key, value in tags.items()}
    if resumed is None:
        values = {"name": name, "tags": texts, "start": now(), "unique": unique}
        made = delivery.send(Change(NEW, "", {**values, "experiment": delivery.store.experiment_id}))
        run = Run(delivery, RecordedRun(str(made), name, "RUNNING", {}, {}, texts))
    else:
        delivery.send(Change(RESUMED, resumed.run_id))
        texts |= {"resumed": "true"}
        run = Run(delivery, replace(resumed, status="RUNNING", tags={**resumed.tags, **texts}))
        run.set_tags(texts)
    try:
        yield run
        check()
    except BaseException as error:
        killed = interrupting() is not None or isinstance(error, (KeyboardInterrupt, Interrupted))
        delivery.strict = False  # an error of the store must not hide this one
        with suppress(AvatarError):
            line = (str(error).splitlines() or [type(error).__name__])[0]
            run.set_tags({"error": without_password(line, delivery.store.uri)[:500]})
            run.end("KILLED" if killed else "FAILED")
        raise
    run.end("FINISHED")
