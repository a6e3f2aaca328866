"""What the server knows while an editor is connected, and the one thread that works on it."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from avatar.common.errors import DataError
from avatar.serve.lsp.editor_settings import DEFAULTS, EditorSettings
from avatar.serve.lsp.index import Hint, Index
from avatar.serve.scan.cache import Cache, NoCache
from avatar.serve.scan.source_files import Skipped, SourceFile, is_looked_at, source_files
from avatar.serve.scan.student import LazyStudent

T = TypeVar("T")

CHUNK = 64
"""Files read from disk before the next edit gets its turn."""


class Session:
    """Asynchronous front of an `Index`: everything that takes time happens in one worker thread, in order."""

    def __init__(self, student: LazyStudent, cached: bool = True) -> None:
        self.student = student
        self.settings = self.initial = DEFAULTS
        """What counts now, and what the editor said at the start."""
        self._round = 0
        self._loading = 0
        self._cached = cached
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="avatar-index")
        self._made: Index | None = None
        self._open: set[str] = set()

    async def update(self, file: str, name: str, content: str) -> str:
        """The text of an open file; the answer says why it is left out, or is empty."""
        self._open.add(file)
        return await self._run(lambda: self._index().update(file, name, content))

    async def close(self, file: str, folders: Sequence[str]) -> None:
        """A file is no longer open: what counts is what lies on disk."""
        self._open.discard(file)
        await self.reread([file], folders)

    async def reread(self, files: Sequence[str], folders: Sequence[str]) -> None:
        """Files changed on disk; those that are open, or that a scan of the `folders` would pass over, don't count."""
        closed = [file for file in files if file not in self._open]
        for start in range(0, len(closed), CHUNK):
            await self._run(partial(self._reread, closed[start : start + CHUNK], folders))

    async def load(self, folder: str, tell: Callable[[int, int], None]) -> None:
        """All source files below a folder, as a scan would find them; `tell` hears how many of how many are done."""
        found = await self._run(lambda: [_absolute(one) for one in source_files(Path(folder), self.settings.languages)])
        begun = self._round
        self._loading += 1
        try:
            for start in range(0, len(found), CHUNK):
                if self._round != begun:
                    return  # whoever changed what counts loads again
                await self._run(partial(self._read, found[start : start + CHUNK]))
                tell(min(start + CHUNK, len(found)), len(found))
        finally:
            self._loading -= 1

    async def forget(self, folder: str, remaining: Sequence[str]) -> bool:
        """Everything below a folder but what is open or below a remaining one; whether that stopped a load."""
        stopped = self._loading > 0
        self._round += 1
        await self._run(lambda: self._forget(folder, remaining))
        return stopped

    async def restart(self, settings: EditorSettings) -> None:
        """An empty index with other settings."""
        self.settings = settings
        self._round += 1
        await self._run(self._drop)

    async def hints(self, files: Sequence[str]) -> dict[str, list[Hint]]:
        """What is found in each of the files."""
        return await self._run(lambda: {file: self._index().hints(file) for file in files})

    async def functions(self) -> int:
        """How many functions are known."""
        return await self._run(lambda: self._index().functions)

    def stop(self) -> None:
        """Let go of the worker thread, after what it is about."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _index(self) -> Index:
        if self._made is None:  # in the worker: a connection to sqlite belongs to its thread
            cache = Cache(self.student.digest) if self._cached else NoCache()
            self._made = Index(self.student, self.settings, cache)
        return self._made

    def _read(self, files: Sequence[SourceFile | Skipped]) -> None:
        self._index().read([one for one in files if one.name not in self._open])

    def _drop(self) -> None:
        if self._made is not None:
            self._made.close()
        self._made = None

    def _reread(self, files: Sequence[str], folders: Sequence[str]) -> None:
        found: list[SourceFile | Skipped] = []
        for file in files:
            path = Path(file)
            if file in self._open:
                continue
            if not path.is_file():  # gone, and what was below it
                self._forget(file, ())
            self._index().remove(file)
            root = next((one for one in folders if path.is_relative_to(one)), None)
            if root is not None and is_looked_at(path, Path(root), self.settings.languages):
                with contextlib.suppress(DataError):  # gone in this moment
                    found += [_absolute(one) for one in source_files(path)]
        self._index().read(found)

    def _forget(self, folder: str, remaining: Sequence[str]) -> None:
        for file in self._index().files_below(folder + os.sep):
            if file not in self._open and not any(Path(file).is_relative_to(one) for one in remaining):
                self._index().remove(file)


def _absolute(found: SourceFile | Skipped) -> SourceFile | Skipped:
    return found if isinstance(found, Skipped) else replace(found, name=str(found.path))
