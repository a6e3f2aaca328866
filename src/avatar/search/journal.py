"""An Optuna journal in one file: it survives `kill -9` at any moment, and an entry takes microseconds."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from avatar.common.errors import ArtifactError, AvatarError
from avatar.common.files import write_all
from avatar.common.full_disk import full_disk


class SingleWriterJournal(BaseJournalBackend):
    """One line of JSON per entry, written without a buffer and without fsync, for one process at a time.

    Optuna's own file backend locks and syncs at each entry; with cheap evaluations this takes most of the time of a
    search. An incomplete last line is dropped.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes() if path.exists() else b""
            whole = content[: content.rfind(b"\n") + 1]
            if len(whole) < len(content):
                path.write_bytes(whole)
            self._entries: list[dict[str, Any]] = [json.loads(line) for line in whole.splitlines()]
            self._stream = path.open("ab", buffering=0)
        except (OSError, ValueError, RecursionError) as error:
            hint = "free some disk space" if full_disk(error) else "delete this file to start the search again"
            raise ArtifactError(f"cannot use the stored search {path}: {error}", hint) from error

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """Entries from the given number to the end."""
        return self._entries[log_number_from:]

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append entries to the file."""
        lines = [json.dumps(entry, separators=(",", ":")) for entry in logs]
        write_all(self._stream.fileno(), ("\n".join(lines) + "\n").encode())  # one write may write a part
        self._entries += [json.loads(line) for line in lines]

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


@contextmanager
def stored_search(storage: Path | None) -> Iterator[None]:
    """Turns whatever a damaged journal leads to into one clear error."""
    try:
        yield
    except AvatarError:
        raise
    except Exception as error:
        if storage is None or full_disk(error):
            raise
        raise ArtifactError(
            f"the stored search {storage} is damaged: {type(error).__name__}: {error}",
            "delete this file to start the search again",
        ) from error
