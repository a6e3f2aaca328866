"""Sends the changes of a job to the store. Once this fails, they are kept on disk, so that the job can finish."""

from collections.abc import Callable
from typing import TypeVar

from avatar.common.errors import ArtifactError, AvatarError
from avatar.common.full_disk import full_disk
from avatar.common.logging import get_logger
from avatar.tracking.address import server_answers, without_password
from avatar.tracking.changes import Change, apply
from avatar.tracking.kept import Kept, waiting
from avatar.tracking.mlflow_store import Store

T = TypeVar("T")

log = get_logger("tracking")


class Delivery:
    """The way from one job to the store.

    While `strict`, a failure is an ArtifactError: then the job has not begun. Later, the first failure is a warning,
    and from then on all changes are kept on disk in their order, because later ones depend on earlier ones.
    """

    def __init__(self, store: Store, strict: bool = True) -> None:
        self.store = store
        self.strict = strict
        self.kept: Kept | None = None
        self._failed = False
        if not store.answers:
            self.strict = False
            self._keep("it did not answer at the start of the job")

    def send(self, change: Change) -> str | None:
        """Make the change, or keep it; the result is that of `changes.apply`, or the id of a kept new run."""
        if self.kept is None and not self._failed:
            try:
                return apply(self.store, change)
            except AvatarError:
                raise
            except Exception as error:
                self._fail(error)
        if self.kept is None:
            self._keep("it did not answer before")
        assert self.kept is not None
        return self.kept.add(change)

    def read(self, query: Callable[[Store], T]) -> T | None:
        """What the store answers to `query`, or None if it does not answer."""
        if self.kept is None and not self._failed:
            try:
                return query(self.store)
            except Exception as error:
                self._fail(error)
        return None

    def finish(self) -> None:
        """At the end of the job: send what was kept if the store answers again; else say where it is."""
        if self.kept is None:
            return
        kept, self.kept = self.kept, None
        try:
            if not server_answers(self.store.uri) or not _send(kept, self.store):
                self.kept = kept
                log.warning("%s", unsent_sentence(self.store, kept))
        finally:
            kept.release()

    def _fail(self, error: Exception) -> None:
        """Raise if the job has not begun; else keep changes from now on."""
        self._failed = True
        reason = _reason(error, self.store)
        if self.strict:
            raise ArtifactError(
                f"the tracking store {_shown(self.store)} does not record the job: {reason}",
                "free some disk space, or set tracking.enabled=false"
                if full_disk(error)
                else "start the server again, correct tracking.uri, or set tracking.enabled=false",
            ) from error
        self._keep(reason)

    def _keep(self, reason: str) -> None:
        self.kept = Kept.new(self.store)
        log.warning(
            "the tracking store %s does not record the job: %s. The job continues. What it records is kept in %s",
            _shown(self.store),
            reason,
            self.kept.folder,
        )


def send_waiting(store: Store) -> None:
    """Send what earlier jobs kept for this store. What still cannot be sent stays on disk, with a warning."""
    for kept in waiting(store):
        if not _send(kept, store):
            log.warning("%s", unsent_sentence(store, kept))
            if not server_answers(store.uri):
                return


def unsent_sentence(store: Store, kept: Kept) -> str:
    """Where the changes are that were not sent, and what sends them."""
    return (
        f"{kept.remaining} changes are not in the tracking store {_shown(store)}. They are kept in {kept.folder}; "
        "the next start with the same tracking.uri and tracking.artifacts sends them"
    )


def _send(kept: Kept, store: Store) -> bool:
    try:
        count = kept.send(store)
    except Exception as error:
        log.warning("cannot send what an earlier job recorded: %s", _reason(error, store))
        return False
    log.info("sent %d changes that the tracking store %s did not get before", count, _shown(store))
    return True


def _reason(error: Exception, store: Store) -> str:
    """The first line of an error, without the password of the store."""
    lines = str(error).splitlines() or [type(error).__name__]
    return without_password(lines[0], store.uri)


def _shown(store: Store) -> str:
    return without_password(store.uri, store.uri)
