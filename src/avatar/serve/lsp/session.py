"""The state of the server while an editor is connected, and the worker thread that owns it."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from avatar.common.errors import AvatarError, DataError
from avatar.serve.lsp.editor_settings import DEFAULTS, EditorSettings
from avatar.serve.lsp.index import Hint, Index
from avatar.serve.scan.cache import Cache, NoCache
from avatar.serve.scan.source_files import Skipped, SourceFile, is_looked_at, source_files
from avatar.serve.scan.student import LazyStudent

T = TypeVar("T")

CHUNK = 64
"""Files read from disk in one step; edits are handled between two steps."""


class Session:
    """Asynchronous interface of an `Index`: all slow work runs in one worker thread, in order."""

    def __init__(self, student: LazyStudent, cached: bool = True) -> None:
        self.student = student
        self.settings = self.initial = DEFAULTS
        """`settings`: the current ones; `initial`: those that the editor sent at the start."""
        self._round = 0
        self._loading = 0
        self._cached = cached
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="avatar-index")
        self.stopped = False
        """Whether `stop` was called: further work is an AvatarError."""
        self._made: Index | None = None
        self._open: set[str] = set()

    async def update(self, file: str, name: str, content: str) -> str:
        """Update the text of an open file. Returns why it is left out, or ""."""
        self._open.add(file)
        return await self._run(lambda: self._index().update(file, name, content))

    async def close(self, file: str, folders: Sequence[str]) -> None:
        """Handle a file that is no longer open: read it from disk again."""
        self._open.discard(file)
        await self.reread([file], folders)

    async def reread(self, files: Sequence[str], folders: Sequence[str]) -> None:
        """Read changed files again. Open files, and files that a scan of `folders` leaves out, do not count."""
        closed = [file for file in files if file not in self._open]
        for start in range(0, len(closed), CHUNK):
            await self._run(partial(self._reread, closed[start : start + CHUNK], folders))

    async def load(self, folder: str, report_progress: Callable[[int, int], None]) -> None:
        """Read all source files below a folder. `report_progress` gets the number of files read, and of all."""
        files = await self._run(lambda: self._files_of(folder))
        current_round = self._round
        self._loading += 1
        try:
            for start in range(0, len(files), CHUNK):
                if self._round != current_round:
                    return  # settings or folders changed: another load follows
                await self._run(partial(self._read, files[start : start + CHUNK]))
                report_progress(min(start + CHUNK, len(files)), len(files))
        finally:
            self._loading -= 1

    async def forget(self, folder: str, remaining: Sequence[str]) -> bool:
        """Remove files below a folder, except open ones and those below `remaining`; whether a load was stopped."""
        stopped = self._loading > 0
        self._round += 1
        await self._run(lambda: self._forget(folder, remaining))
        return stopped

    async def restart(self, settings: EditorSettings) -> None:
        """Empty the index and apply other settings."""
        self.settings = settings
        self._round += 1
        await self._run(self._drop)

    async def hints(self, files: Sequence[str]) -> dict[str, list[Hint]]:
        """The hints of each file."""
        return await self._run(lambda: {file: self._index().hints(file) for file in files})

    async def functions(self) -> int:
        """Number of functions in the index."""
        return await self._run(lambda: self._index().functions)

    def stop(self) -> None:
        """Stop parsing at once, and the worker thread after its current work."""
        self.stopped = True
        self._worker.shutdown(wait=False, cancel_futures=True)
        if (index := self._made) is not None:
            index.stop()
        self.student.stop()

    async def _run(self, work: Callable[[], T]) -> T:
        if self.stopped:
            raise AvatarError("the program is ending")
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _index(self) -> Index:
        if self._made is None:  # made in the worker: an SQLite connection belongs to one thread
            cache = Cache(self.student.digest) if self._cached else NoCache()
            self._made = Index(self.student, self.settings, cache)
        return self._made

    def _files_of(self, folder: str) -> list[SourceFile | Skipped]:
        self._index().folders.add(folder)
        return [_absolute(one) for one in source_files(Path(folder), self.settings.languages)]

    def _read(self, files: Sequence[SourceFile | Skipped]) -> None:
        self._index().read([one for one in files if one.name not in self._open])

    def _drop(self) -> None:
        if self._made is not None:
            self._made.close()
        self._made = None

    def _reread(self, files: Sequence[str], folders: Sequence[str]) -> None:
        read: list[SourceFile | Skipped] = []
        for file in files:
            path = Path(file)
            if file in self._open:
                continue
            if not os.path.isfile(file):  # noqa: PTH113 - also for names that are too long. Deleted; it may have been a folder
                self._forget(file, ())
            self._index().remove(file)
            root = next((one for one in folders if path.is_relative_to(one)), None)
            if root is not None and is_looked_at(path, Path(root), self.settings.languages):
                with contextlib.suppress(DataError):  # deleted meanwhile
                    read += [_absolute(one) for one in source_files(path)]
        self._index().read(read)

    def _forget(self, folder: str, remaining: Sequence[str]) -> None:
        self._index().folders.discard(folder)
        for file in self._index().files_below(folder + os.sep):
            if file not in self._open and not any(Path(file).is_relative_to(one) for one in remaining):
                self._index().remove(file)


def _absolute(file: SourceFile | Skipped) -> SourceFile | Skipped:
    return file if isinstance(file, Skipped) else replace(file, name=str(file.path))
