"""Outlines of files and texts within a budget of time and memory, whatever the text: a process makes them.

The time of tree-sitter's grammars grows with the square of some texts, and some need much memory that is never freed.
"""

import dataclasses
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar.code.text import TextRules
from avatar.common.errors import AvatarError
from avatar.common.workers import EndedError, Nursery, Worker
from avatar.serve.scan.findings import FileOutline, Location
from avatar.serve.scan.outline import outline
from avatar.serve.scan.source_files import Skipped, SourceFile, read_source

SECONDS, SECONDS_PER_MB = 0.5, 4.0
"""Default CPU time for a file: usual code needs about 0.3 s per MB."""
MEMORY = 1_000_000_000
"""Bytes that a file may need."""
AHEAD = 8
"""Files whose names are sent before their outlines are received."""

_COLUMNS = tuple(field.name for field in dataclasses.fields(Location) if field.name != "file")


@dataclass(frozen=True)
class Outlined:
    """An outline, and the texts of its functions by key. `ended`: the file exceeded its budget."""

    outline: FileOutline
    texts: dict[str, str]
    ended: bool = False


class Outliner:
    """Makes outlines under `rules`. `seconds` of CPU time for each file replace the default, which grows with its size.

    After `total_seconds` all further files are left out. Its process is started on first use. For one thread at a time,
    except `stop`.
    """

    def __init__(self, rules: TextRules, seconds: float | None = None, total_seconds: float | None = None) -> None:
        self._nursery = Nursery(
            "avatar.serve.scan.outliner:make_outlines", rules.docstrings, rules.version, memory=MEMORY
        )
        self._seconds, self._total_seconds = seconds, total_seconds
        self._worker: Worker | None = None
        self._stopped = False

    def start(self) -> None:
        """Start the process now, while this one has a single thread."""
        self._sender()

    def of_files(self, files: Iterable[SourceFile]) -> Iterator[tuple[SourceFile, Outlined]]:
        """The outline of each file, in order."""
        waiting = iter(files)
        sent: deque[tuple[SourceFile, bytes, float]] = deque()
        while True:
            while len(sent) < AHEAD and (file := next(waiting, None)) is not None:
                request = {"file": file.name, "language": file.language, "path": os.fspath(file.path)}
                sent.append((file, json.dumps(request).encode(), self._budget(file.size)))
                self._sender().send(*sent[-1][1:])
            if not sent:
                return
            file, _, seconds = sent.popleft()
            worker = self._worker
            yield file, self._answer(file.name, seconds)
            if self._worker is not worker or (worker is not None and not worker.alive):
                for _, request_bytes, budget in sent:
                    self._sender().send(request_bytes, budget)

    def of_text(self, file: str, source: str, language: str) -> Outlined:
        """The outline of a text. More than `avatar.code.functions.MAX_SOURCE_BYTES` bytes are a DataError."""
        if self._total_seconds is not None and self._total_seconds <= 0:
            return _left_out("the request has used up its time for parsing")
        seconds = self._budget(len(source))
        self._sender().send(json.dumps({"file": file, "language": language, "source": source}).encode(), seconds)
        return self._answer(file, seconds)

    def refill(self, total_seconds: float) -> None:
        """Set the time for all further files."""
        self._total_seconds = total_seconds

    def stop(self) -> None:
        """End the process at once, from any thread. Work in progress, and later work, is an AvatarError."""
        self._stopped = True
        worker = self._worker
        if worker is not None:
            worker.kill()

    def close(self) -> None:
        """End the process; it is started again if it is needed."""
        if self._worker is not None:
            self._worker.close()
        self._worker = None
        self._nursery.close()

    def _budget(self, size: int) -> float:
        seconds = SECONDS + SECONDS_PER_MB * size / 1e6 if self._seconds is None else self._seconds
        return seconds if self._total_seconds is None else max(0.01, min(seconds, self._total_seconds))

    def _sender(self) -> Worker:
        if self._stopped:
            raise AvatarError("the program is ending")
        if self._worker is None or not self._worker.alive:
            self._worker = self._nursery.worker()
        return self._worker

    def _answer(self, file: str, seconds: float) -> Outlined:
        worker = self._sender() if self._worker is None else self._worker
        spent = seconds
        try:
            note, skipped, rows, texts = json.loads(worker.receive(seconds))
            spent = worker.seconds
        except EndedError as error:
            if self._stopped:
                raise AvatarError("the program is ending") from error
            return _left_out(f"parsing it needs {error.reason}")
        finally:
            if self._total_seconds is not None:
                self._total_seconds -= spent
        return Outlined(FileOutline(tuple(Location(file, *row) for row in rows), note, skipped), texts)


def _left_out(reason: str) -> Outlined:
    return Outlined(FileOutline(skipped=f"left out: {reason}"), {}, ended=True)


def make_outlines(docstrings: str, version: int) -> Callable[[bytes], bytes]:
    """The handler of a worker: outlines of the file or text of a request, both as JSON."""
    rules = TextRules(docstrings, version)

    def handle(content: bytes) -> bytes:
        request = json.loads(content)
        result, texts = _outline(request, rules)
        rows = [[getattr(one, name) for name in _COLUMNS] for one in result.locations]
        return json.dumps([result.note, result.skipped, rows, texts]).encode()

    return handle


def _outline(request: dict[str, Any], rules: TextRules) -> tuple[FileOutline, dict[str, str]]:
    source, note = request.get("source"), ""
    if source is None:
        path = Path(request["path"])
        read = read_source(SourceFile(request["file"], path, request["language"], 0, 0))
        if isinstance(read, Skipped):
            return FileOutline(skipped=read.reason), {}
        source, note = read
    return outline(request["file"], source, request["language"], rules, note)
