"""Messages that an editor sends to the language server: a session with changed messages, and wrong framing."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from random import Random
from threading import Event
from typing import Any
from unittest import mock

from hypothesis import strategies as st
from mutation import changed_bytes, changed_json, dumps, randoms
from pygls.exceptions import JsonRpcException
from pygls.io_ import run_async
from surface import Harness, Surface

from avatar.common.errors import AvatarError
from avatar.serve.default_student import find_bundle
from avatar.serve.lsp import index
from avatar.serve.lsp.server import make_server
from avatar.serve.lsp.session import Session
from avatar.serve.lsp.stream import BoundedInput, EditorOutput
from avatar.serve.scan.outliner import Outliner
from avatar.serve.scan.student import LazyStudent
from surfaces._programs import program
from surfaces.http import strict_json

PROBE = 987654
"""The id of a valid request after all others: it must be answered."""
SETTLE_SECONDS = 20.0
BUDGET = 0.5


def framed(content: bytes) -> bytes:
    """A message as an editor sends it."""
    return b"Content-Length: %d\r\n\r\n%s" % (len(content), content)


def message(method: str, params: Any, number: int | None = None) -> dict[str, Any]:
    """A notification, or a request with an id."""
    return {"jsonrpc": "2.0", **({} if number is None else {"id": number}), "method": method, "params": params}


def session(random: Random, root: str) -> list[dict[str, Any]]:
    """What an editor sends from the start, valid."""
    address = f"{root}/new.py"
    language, text = program(random)
    document = {"uri": address, "languageId": random.choice(("python", language)), "version": 1, "text": text}
    here = {"start": {"line": 0, "character": 0}, "end": {"line": 3, "character": 0}}
    capabilities = {"general": {"positionEncodings": ["utf-16"]}, "window": {"showDocument": {"support": True}}}
    start = {"processId": None, "rootUri": root, "capabilities": capabilities}
    if random.random() < 0.5:
        start["workspaceFolders"] = [{"uri": root, "name": "w"}]
    if random.random() < 0.5:
        start["initializationOptions"] = {"threshold": 0.9, "minLines": 1, "languages": ["python"], "debounceMs": 0}
    changed = {"textDocument": {"uri": address, "version": 2}, "contentChanges": [{"text": text * 2}]}
    middle = [
        message("textDocument/didChange", changed),
        message("textDocument/didSave", {"textDocument": {"uri": address}, "text": text}),
        message(
            "textDocument/codeAction",
            {"textDocument": {"uri": address}, "range": here, "context": {"diagnostics": []}},
            2,
        ),
        message("workspace/executeCommand", {"command": "avatar.showTwin", "arguments": [address, 3]}, 3),
        message("workspace/didChangeWatchedFiles", {"changes": [{"uri": f"{root}/a.py", "type": 2}]}),
        message("workspace/didChangeConfiguration", {"settings": {"avatar": {"minWords": 3, "parseSeconds": 1}}}),
        message(
            "workspace/didChangeWorkspaceFolders", {"event": {"added": [{"uri": root, "name": "x"}], "removed": []}}
        ),
        message("textDocument/didClose", {"textDocument": {"uri": address}}),
        message("$/cancelRequest", {"id": 2}),
        message("textDocument/hover", {"textDocument": {"uri": address}, "position": here["start"]}, 4),
        {"jsonrpc": "2.0", "id": "avatar-1", "result": None},
    ]
    random.shuffle(middle)
    opened = message("textDocument/didOpen", {"textDocument": document})
    first = [message("initialize", start, 1), message("initialized", {}), opened]
    return [*first, *middle[: random.randrange(1, 6)]]


def stream(random: Random, root: str) -> tuple[bytes, bool]:
    """Bytes of a session, and whether each message is framed correctly."""
    messages = session(random, root)
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        row = random.randrange(len(messages))
        kind = random.randrange(10)
        if kind < 7:
            messages[row] = changed_json(messages[row], random)
        elif kind == 7:
            messages.insert(random.randrange(len(messages)), messages[row])
        elif kind == 8:
            del messages[row]
        else:
            messages[row] = random.choice(([messages[row]], None, [], "x", 1))
        if not messages:
            break
    contents = [dumps(one) for one in messages]
    if contents and random.random() < 0.1:
        row = random.randrange(len(contents))
        contents[row] = changed_bytes(contents[row], random)
    content = b"".join(framed(one) for one in contents if one)
    if random.random() < 0.1:
        wrong = (
            b"Content-Length: " + b"9" * 5_000,
            b"Content-Length: 0",
            b"Content-Length: -5",
            b"x" * 70_000,
            b"\xff: 1",
        )
        wrong += (b"Content-Length: 99999999", b"Content-Type: a; charset=latin-1", b"Content-Length: 1e3", b":", b"")
        return random.choice(wrong) + b"\r\n" + random.choice((b"\r\n", b"", b"\n")) + content, False
    if random.random() < 0.05:
        return changed_bytes(content, random), False
    return content, True


class _Errors(logging.Handler):
    """Keeps tracebacks that pass through our code and are no answer to a wrong message."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None or isinstance(error, (AvatarError, JsonRpcException, asyncio.CancelledError)):
            return
        text = logging.Formatter().format(record)
        if "/src/avatar/" in text:
            self.texts.append(text)


class _Reader:
    """The asynchronous form of a `BoundedInput`, as pygls wants it."""

    def __init__(self, content: bytes) -> None:
        self._stream = BoundedInput(io.BytesIO(content))

    async def readline(self) -> bytes:
        """A header line."""
        await asyncio.sleep(0)
        return self._stream.readline()

    async def readexactly(self, size: int) -> bytes:
        """A message."""
        return self._stream.read(size)


def answers(content: bytes) -> Iterator[Any]:
    """The messages that the server sent."""
    rest = io.BytesIO(content)
    while header := rest.readline():
        length = int(header.removeprefix(b"Content-Length: "))
        while rest.readline().strip():
            pass
        yield strict_json(rest.read(length))


def make(folder: Path) -> Harness:
    """Each input is a stream of bytes for a new server. All servers share the process that parses."""
    (folder / "a.py").write_text("def first(values):\n    total = 0\n    for one in values:\n        total += one\n")
    root = folder.as_uri()
    student = LazyStudent(find_bundle(), 1)
    outliner = Outliner(student.rules, BUDGET)
    errors = _Errors()
    where = {"textDocument": {"uri": f"{root}/a.py"}, "context": {"diagnostics": []}}
    where["range"] = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    probe = framed(json.dumps(message("textDocument/codeAction", where, PROBE)).encode())

    class Shared(Outliner):
        """Uses the process of `outliner`."""

        def __init__(self, *_: Any) -> None:
            self.of_text, self.of_files = outliner.of_text, outliner.of_files  # type: ignore[method-assign]

        def stop(self) -> None:
            """Do nothing: others use it."""

        close = stop

    async def serve(content: bytes, output: io.BytesIO) -> None:
        server = make_server(editor := Session(student, cached=False))
        server.ends = lambda: None
        server.protocol.set_writer(EditorOutput(output))  # type: ignore[arg-type]
        stop = Event()
        try:
            await run_async(stop, _Reader(content), server.protocol, error_handler=server.report_server_error)
            async with asyncio.timeout(SETTLE_SECONDS):
                while server._timers or len(server._tasks) > len(
                    server.protocol._request_futures
                ):  # wait for the editor
                    await asyncio.sleep(0.001)
            await run_async(Event(), _Reader(probe), server.protocol, error_handler=server.report_server_error)
            await asyncio.sleep(0)
        finally:
            for task in server._tasks:
                task.cancel()
            editor.stop()
            editor._worker.shutdown(wait=True)  # an `Outliner` is for one thread at a time, and the next server uses it

    def run(value: tuple[bytes, bool]) -> None:
        content, is_framed = value
        logging.disable(logging.NOTSET)
        for name in ("avatar", "pygls", "asyncio"):
            logging.getLogger(name).handlers, logging.getLogger(name).propagate = [errors], False
        errors.texts.clear()
        output = io.BytesIO()
        with mock.patch.object(index, "Outliner", Shared):
            asyncio.run(serve(content, output))
        assert not errors.texts, "\n".join(errors.texts)
        sent = list(answers(output.getvalue()))
        if is_framed and not any(word in content for word in (b'"shutdown"', b'"exit"')):
            assert any(one.get("id") == PROBE for one in sent), sent

    def one(random: Random) -> tuple[bytes, bool]:
        return stream(random, root)

    return Harness(st.builds(one, randoms()), run, outliner.close)


SURFACE = Surface("messages to the language server", make, seconds=3.0, short=40)
