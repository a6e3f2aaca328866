"""Requests to the HTTP application: bodies, headers, paths and methods."""

import asyncio
import json
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import strategies as st
from mutation import changed_bytes, changed_json, dumps, mutated, randoms
from surface import Harness, Surface

from avatar.code.languages import LANGUAGES
from avatar.common.errors import AvatarError
from avatar.serve.default_student import find_bundle
from avatar.serve.http.application import LOCAL_HOSTS, make_app
from avatar.serve.scan.outliner import Outliner
from avatar.serve.scan.student import LazyStudent
from surfaces._programs import program

Request = tuple[str, str, bytes, list[tuple[bytes, bytes]], list[bytes]]
"""Method, path, query, headers, and the body in pieces."""

PATHS = ("/predict", "/scan")
OTHER_PATHS = ("/health", "/", "/openapi.json", "/nothing", "/predict/", "//scan", "/%00", "/é", "*", "")
METHODS = ("GET", "PUT", "DELETE", "OPTIONS", "HEAD", "post", "", "TRACE")
TYPES = (b"", b"text/plain", b"application/json; charset=utf-16", b"multipart/form-data", b"application/xml", b"\xff")
STATUSES = frozenset({200, 307, 400, 404, 405, 408, 413, 415, 422, 503})
BUDGET = 0.5


def body(random: Random, path: str) -> Any:
    """A valid body, with programs that are hardly valid."""
    language, first = program(random)
    second = program(random)[1] if random.random() < 0.5 else first
    if path == "/predict":
        pairs = [[first or "a", second or "b"]] * random.choice((1, 1, 2))
        return {"pairs": pairs, "tokens": random.random() < 0.3, "language": random.choice((None, language))}
    suffix = LANGUAGES.get(language).suffixes[0]
    files = {f"a{suffix}": first or "a", f"folder/b{suffix}": second or "b"}
    limits: dict[str, Any] = {"threshold": random.choice((None, 0.5, 0, 1)), "min_lines": 0, "min_words": 0}
    return {"files": files, **limits}


def request(random: Random) -> Request:
    """Usually a POST of a changed body; sometimes something else is wrong."""
    path = random.choice(PATHS)
    content = dumps(mutated(body(random, path), random, changed_json))
    if random.random() < 0.1:
        content = mutated(content, random, changed_bytes)
    method, query, kind = "POST", b"", b"application/json"
    headers = [(b"host", b"localhost"), (b"content-length", str(len(content)).encode())]
    if random.random() < 0.05:
        path = random.choice((*PATHS, *OTHER_PATHS))
        method = random.choice(("POST", *METHODS))
    if random.random() < 0.04:
        kind = random.choice(TYPES)
    headers.append((b"content-type", kind))
    if random.random() < 0.04:
        name, value = random.choice(headers)
        headers[0] = (name, changed_bytes(value, random))
    if random.random() < 0.05:
        query = random.choice((b"a=1&a=2", b"%", b"%ff", b"=" * 10_000))
    cut = random.randrange(len(content) + 1) if random.random() < 0.2 else len(content)
    return method, path, query, headers, [content[:cut], content[cut:]]


def strict_json(content: bytes) -> Any:
    """The value of a JSON text in UTF-8, without NaN and infinity."""

    def refused(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    return json.loads(content.decode("utf-8"), parse_constant=refused)


def check(method: str, path: str, status: int, content: bytes) -> None:
    """An answer must be one of those that /openapi.json describes. A refusal is raised as an AvatarError."""
    assert status in STATUSES, (status, content[:500])
    if status >= 400:
        raise AvatarError(f"status {status}")
    if status != 200 or path not in PATHS or method != "POST":
        return
    answer = strict_json(content)
    found = answer["answers"] if path == "/predict" else answer["findings"]
    assert all(0 <= one["probability"] <= 1 for one in found)


def make(folder: Path) -> Harness:
    """Each input is a request to the application, in this process."""
    loop = asyncio.new_event_loop()
    student = LazyStudent(find_bundle(), 1)
    outliner = Outliner(student.rules, BUDGET)
    app = make_app(student, LOCAL_HOSTS, outliner)

    async def ask(value: Request) -> None:
        method, path, query, headers, parts = value
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("utf-8", "replace"),
            "root_path": "",
            "query_string": query,
            "headers": headers,
        }
        sent = [
            {"type": "http.request", "body": part, "more_body": more} for part, more in zip(parts, (1, 0), strict=True)
        ]
        answers: list[Any] = []

        async def receive() -> Any:
            return sent.pop(0) if sent else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answers.append(message)

        await app(scope, receive, send)
        starts = [one for one in answers if one["type"] == "http.response.start"]
        assert len(starts) == 1, answers
        content = b"".join(one.get("body", b"") for one in answers if one["type"] == "http.response.body")
        check(method, path, starts[0]["status"], content)

    def run(value: Request) -> None:
        loop.run_until_complete(ask(value))

    return Harness(st.builds(request, randoms()), run, outliner.close)


SURFACE = Surface("HTTP requests", make, seconds=3.0, short=100)
