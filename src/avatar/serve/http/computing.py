"""Computes requests in worker processes: none blocks the server, and each has a budget of time and memory."""

import asyncio
import contextlib
import heapq
import itertools
import threading
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from avatar.common.cores import allowed_cores
from avatar.common.errors import ArtifactError, AvatarError
from avatar.common.memory import return_memory
from avatar.common.workers import EndedError, Nursery, Worker
from avatar.serve.http.compute_process import packed, unpacked

REQUEST_SECONDS = 10.0
"""Default CPU time for one request; half of it again for parsing."""
MEMORY = 1_000_000_000
GROWTH = 20_000_000
"""A worker whose memory grew by more is replaced."""
QUICK = 4
"""Requests that are computed at the same time as long as they are quick."""
QUICK_SECONDS = 0.05
"""CPU time after which a request is a long one: it no longer keeps the next ones waiting."""
TICK_SECONDS = 0.02
LONG = 24
"""Most long requests; with more, one is refused. While there are no quick ones, as many as there are cores go on."""
PATIENCE = 3.0
"""Seconds after which one long request goes on even if there are always quick ones."""
UNREAD_BYTES = 64_000_000
"""Answers that clients have not yet read, in all. With more, a request is refused."""
PIECE = 1 << 17
TRIM_SECONDS = 2.0
"""After requests, memory is returned to the system this often."""


class Pool:
    """Worker processes with a student; the free ones, one for each core, are kept for the next requests."""

    def __init__(self, folder: Path, threads: int = 1, seconds: float = REQUEST_SECONDS) -> None:
        arguments = (str(folder.resolve()), threads, seconds / 2)
        self._nursery = Nursery(
            "avatar.serve.http.compute_process:make_answers", *arguments, memory=MEMORY, growth=GROWTH
        )
        self._seconds, self._folder = seconds, folder
        self._threads = ThreadPoolExecutor(QUICK + LONG, thread_name_prefix="avatar-request")
        self._lock = threading.Lock()
        self._free: list[Worker] = []
        self._busy: set[Worker] = set()
        self._closed = False
        self._turns = _Turns(QUICK)
        self._quick_since = 0.0
        self._long: list[_Job] = []

    def start(self) -> None:
        """Start the first worker. A bundle that cannot be used is an AvatarError."""
        try:
            self._release(self._nursery.worker())
        except EndedError as error:
            raise ArtifactError(
                f"the student in {self._folder} was ended while it was loaded: {error.reason}",
                "use a student that you trust",
            ) from error

    async def answer(self, request: bytes) -> bytes:
        """The handler's answer to a request; cancelling it ends the worker. Raises EndedError."""
        job = _Job(request)
        await self._turns.take(len(request))
        self._divide_cores()
        computed = asyncio.get_running_loop().run_in_executor(self._threads, self._run, job)
        try:
            while not (await asyncio.wait([computed], timeout=TICK_SECONDS))[0] and not job.is_long():
                pass
            if not computed.done():
                self._lengthen(job)
            return await asyncio.shield(computed)
        except asyncio.CancelledError:
            job.end("the client has gone")
            raise
        finally:
            if job in self._long:
                self._long.remove(job)
                self._divide_cores()
            else:
                self._turns.give()
                self._divide_cores()

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            self._closed = True
            workers = [*self._free, *self._busy]
        for worker in workers:
            worker.kill()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._nursery.close()

    def _lengthen(self, job: "_Job") -> None:
        """Let the next requests start."""
        if len(self._long) >= LONG:
            job.end("there are too many long requests at the same time")
            return
        self._long.append(job)
        self._turns.give()
        self._divide_cores()

    def _divide_cores(self) -> None:
        """Pause long requests in favour of quick ones."""
        now = time.monotonic()
        if not self._turns.taken:
            self._quick_since = now
        running = int(now - self._quick_since > PATIENCE) if self._turns.taken else allowed_cores()
        for number, job in enumerate(self._long):
            job.pause(number >= running)

    def _run(self, job: "_Job") -> bytes:
        with self._lock:
            worker = self._free.pop() if self._free else None
        worker = self._nursery.worker() if worker is None else worker
        with self._lock:
            self._busy.add(worker)
        try:
            job.start(worker)
            return worker.call(job.request, self._seconds)
        except EndedError as error:
            raise EndedError(job.ended or error.reason) from error
        finally:
            self._release(worker)

    def _release(self, worker: Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
            if worker.alive and not self._closed and len(self._free) < allowed_cores():
                self._free.append(worker)
                return
        worker.close()


class _Turns:
    """Lets at most `most` go at the same time; of those that wait, the smallest first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._count = itertools.count()
        self.taken = 0

    async def take(self, size: int) -> None:
        """Wait for a turn. Sizes that differ by less than a factor of two are served in the order of their arrival."""
        if self.taken < self._most:
            self.taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (size.bit_length(), next(self._count), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """End a turn."""
        while self._waiting:
            turn = heapq.heappop(self._waiting)[2]
            if not turn.done():
                turn.set_result(None)
                return
        self.taken -= 1


class _Job:
    """A request, and the worker that computes it."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.ended = ""
        """Why it was ended."""
        self._worker: Worker | None = None
        self._begin: float | None = None
        self._paused = False

    def start(self, worker: Worker) -> None:
        self._worker, self._begin = worker, worker.cpu_seconds()
        if self.ended:
            worker.kill()

    def is_long(self) -> bool:
        """Whether it has used more than `QUICK_SECONDS`, or nobody knows."""
        if self._worker is None:
            return False
        now = self._worker.cpu_seconds()
        return now is None or self._begin is None or now - self._begin > QUICK_SECONDS

    def pause(self, paused: bool) -> None:
        if self._worker is not None and paused != self._paused:
            self._paused = paused
            self._worker.pause(paused)

    def end(self, why: str) -> None:
        self.ended = why
        if self._worker is not None:
            self._worker.kill()


class Computing:
    """Answers requests to `paths` by the pool; a request whose client has gone is ended."""

    def __init__(self, app: ASGIApp, pool: Pool, paths: Collection[str]) -> None:
        self._app, self._pool, self._paths = app, pool, frozenset(paths)
        self._unread = 0
        self._trims = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        if self._unread > UNREAD_BYTES:
            await _refusal(503, "too many answers are not read", "read them, then try again")(scope, receive, send)
            return
        message = await receive()
        request = packed(scope["path"], Headers(scope=scope).get("content-type", ""), message.get("body", b""))
        try:
            response = await self._computed(request, receive)
            if response is not None:
                await self._send(response, send)
        finally:
            if not self._trims:
                self._trims = True
                asyncio.get_running_loop().call_later(TRIM_SECONDS, self._trim)

    def _trim(self) -> None:
        self._trims = False
        return_memory()

    async def _computed(self, request: bytes, receive: Receive) -> Response | None:
        """The response; None if the client has gone."""
        answer = asyncio.ensure_future(self._pool.answer(request))
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({answer, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                return None
            status, content = unpacked(answer.result())
            return Response(content, status, media_type="application/json")
        except EndedError as error:
            return _refusal(503, f"the request was ended: {error.reason}", "send fewer or smaller functions")
        except AvatarError as error:  # the bundle was damaged since the start
            return _refusal(500, error.message, error.hint)
        finally:
            for task in (answer, gone):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, EndedError, AvatarError):
                    await task

    async def _send(self, response: Response, send: Send) -> None:
        """Send in pieces, each after the client has read the one before."""
        content = bytes(response.body)
        self._unread += len(content)
        try:
            await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
            for start in range(0, max(1, len(content)), PIECE):
                piece = content[start : start + PIECE]
                more = start + PIECE < len(content)
                await send({"type": "http.response.body", "body": piece, "more_body": more})
        finally:
            self._unread -= len(content)


async def _gone(receive: Receive) -> None:
    message: Message = {"type": ""}
    while message["type"] != "http.disconnect":
        message = await receive()


def _refusal(status: int, detail: str, hint: str) -> JSONResponse:
    return JSONResponse({"detail": detail, "hint": hint}, status_code=status)
