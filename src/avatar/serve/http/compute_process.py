"""The process that computes the answers to requests: it runs the application, one request at a time."""

import asyncio
import json
from importlib import import_module
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

from avatar.common.worker_process import Handler
from avatar.serve.http.application import make_app
from avatar.serve.scan.outliner import Outliner
from avatar.serve.scan.student import LazyStudent


def packed(path: str, content_type: str, body: bytes) -> bytes:
    """A request for the handler of `make_answers`."""
    return json.dumps([path, content_type]).encode() + b"\n" + body


def unpacked(answer: bytes) -> tuple[int, bytes]:
    """Status and body (JSON) of an answer of the handler."""
    status, _, body = answer.partition(b"\n")
    return int(status), body


def warm(folder: str, threads: int, parse_seconds: float) -> None:
    """Do once what costs most time when a worker starts: import, and describe the requests. No thread is started."""
    student = LazyStudent(Path(folder), threads)
    if not student.bundle.reads_ngrams:
        import_module("onnxruntime")
    make_app(student, ["*"], computing=lambda app: app)


def make_answers(folder: str, threads: int, parse_seconds: float) -> Handler:
    """The handler of a worker with the student in `folder`. Each request has `parse_seconds` of CPU time to parse."""
    student = LazyStudent(Path(folder), threads)
    outliner = Outliner(student.rules, total_seconds=parse_seconds)
    outliner.start()
    app = make_app(student, ["*"], outliner)
    loop = asyncio.new_event_loop()

    def handle(request: bytes) -> bytes:
        head, _, body = request.partition(b"\n")
        path, content_type = json.loads(head)
        outliner.refill(parse_seconds)
        status, content = loop.run_until_complete(_post(app, path, content_type, body))
        return b"%d\n%s" % (status, content)

    return handle


async def _post(app: ASGIApp, path: str, content_type: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the application's response."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", content_type.encode("latin-1")),
            (b"content-length", str(len(body)).encode()),
        ],
    }
    sent = [{"type": "http.request", "body": body, "more_body": False}]
    answers: list[Message] = []

    async def receive() -> Message:
        return sent.pop() if sent else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answers.append(message)

    await app(scope, receive, send)
    status = next(one["status"] for one in answers if one["type"] == "http.response.start")
    return status, b"".join(one.get("body", b"") for one in answers if one["type"] == "http.response.body")
