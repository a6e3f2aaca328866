"""Messages that no editor should send: the server answers or ignores them, and goes on. Found by `make fuzz`."""

import asyncio
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pygls.io_ import run_async

from avatar.serve.lsp.server import make_server
from avatar.serve.lsp.session import Session
from avatar.serve.lsp.stream import BoundedInput, EditorOutput
from avatar.serve.scan.student import LazyStudent

pytestmark = pytest.mark.timeout(120)

DOCUMENT = {"uri": "untitled:one", "languageId": "python", "version": 1, "text": "def f(): pass\n"}
START = {"processId": None, "rootUri": None, "capabilities": {}}


def message(method: str, params: object, number: int | None = None) -> bytes:
    content = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
    return framed(json.dumps(content).encode())


def framed(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


OPENED = message("textDocument/didOpen", {"textDocument": DOCUMENT})
ACTIONS = {
    "textDocument": {"uri": "untitled:one"},
    "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
    "context": {"diagnostics": []},
}
END = message("shutdown", None, 90) + message("exit", None)


def talk(bundle: Path, content: bytes) -> tuple[list[dict[str, Any]], str]:
    """The server's answers to all of `content`, and what it writes to standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "avatar.serve.cli", "lsp", "--bundle", str(bundle), "--no-cache"],
        input=content,
        capture_output=True,
        env=os.environ,
        check=False,
        timeout=100,
    )
    answers, stream = [], io.BytesIO(done.stdout)
    while header := stream.readline():
        while stream.readline().strip():
            pass
        answers.append(json.loads(stream.read(int(header.rpartition(b":")[2]))))
    return answers, done.stderr.decode()


def answer(answers: list[dict[str, Any]], number: int) -> dict[str, Any]:
    (found,) = [one for one in answers if one.get("id") == number]
    return found


def test_before_the_first_message_everything_else_waits(clone_student: Path) -> None:
    early = message("initialized", {}) + OPENED + message("textDocument/codeAction", ACTIONS, 7)
    early += message("workspace/didChangeConfiguration", {"settings": {"minLines": 1}})
    early += message("textDocument/didClose", {"textDocument": {"uri": "untitled:one"}})
    early += message("workspace/executeCommand", {"command": "avatar.showTwin", "arguments": ["file:///a.py", 1]}, 8)
    answers, said = talk(clone_student, early + message("initialize", START, 1) + OPENED + END)
    assert [answer(answers, number)["error"]["code"] for number in (7, 8)] == [-32002, -32002]
    assert answer(answers, 1)["result"]["serverInfo"]["name"] == "avatar"
    assert answer(answers, 90)["result"] is None
    assert said == ""


@pytest.mark.parametrize(
    "wrong",
    [
        b"[]",
        b"7",
        b"{}",
        b'{"jsonrpc": "2.0", "method": ["a"], "params": {}}',
        b'{"jsonrpc": "2.0", "method": -1}',
    ],
)
def test_what_is_no_message_is_told_and_the_next_one_is_answered(clone_student: Path, wrong: bytes) -> None:
    answers, _ = talk(clone_student, message("initialize", START, 1) + framed(wrong) + END)
    told = [one["params"]["message"] for one in answers if one.get("method") == "window/showMessage"]
    assert told
    assert all("has no attribute" not in one for one in told)
    assert answer(answers, 90)["result"] is None


@pytest.mark.parametrize("length", [b"9" * 5_000, b"9" * 70_000], ids=["5000", "70000"])
def test_a_length_of_thousands_of_digits_is_no_length(clone_student: Path, length: bytes) -> None:
    answers, said = talk(clone_student, b"Content-Length: " + length + b"\r\n" + message("initialize", START, 1) + END)
    assert answer(answers, 1)["result"]["serverInfo"]["name"] == "avatar"
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "wrong",
    [
        b'{"jsonrpc": "2.0", "id": NaN, "method": "shutdown", "params": null}',
        b'{"jsonrpc": "2.0", "id": -Infinity, "method": "shutdown", "params": null}',
        b'{"jsonrpc": "2.0", "id": 1e999, "method": "shutdown", "params": null}',
        b'{"jsonrpc": "2.0", "id": 5, "method": "a/b", "params": {"a": [[1, Infinity]]}}',
        b'{"jsonrpc": "2.0", "id": 5, "method": "a/b"',
        b'{"jsonrpc": "2.0", "id": 5, "method": "\xff"}',
        b"[" * 100_000,
        b"9" * 5_000,
    ],
    ids=["NaN", "-Infinity", "1e999", "deep inside", "half", "not UTF-8", "deep", "a long number"],
)
def test_what_is_no_json_is_a_parse_error_without_an_id(clone_student: Path, wrong: bytes) -> None:
    answers, _ = talk(clone_student, message("initialize", START, 1) + framed(wrong) + END)
    (refused,) = [one for one in answers if "error" in one]
    assert refused["id"] is None
    assert refused["error"]["code"] == -32700
    assert answer(answers, 90)["result"] is None


WRONG_ADDRESSES = ["file:///a%00b.py", "untitled:a%00b", "file://[", "file:///\ud800.py"]


@pytest.mark.parametrize("wrong", WRONG_ADDRESSES)
def test_an_address_that_no_file_can_have_is_ignored_with_one_line(clone_student: Path, wrong: str) -> None:
    folder = {"uri": wrong, "name": "a"}
    cells = {"notebookDocument": {"uri": "file:///n", "notebookType": "a", "version": 1, "cells": []}}
    cells["cellTextDocuments"] = [DOCUMENT | {"uri": wrong}]
    content = [
        message("initialize", START | {"rootUri": wrong, "workspaceFolders": [folder]}, 1),
        message("initialized", {}),
        message("textDocument/didOpen", {"textDocument": DOCUMENT | {"uri": wrong}}),
        message("notebookDocument/didOpen", cells),
        message("textDocument/codeAction", ACTIONS | {"textDocument": {"uri": wrong}}, 2),
        message("workspace/didChangeWatchedFiles", {"changes": [{"uri": wrong, "type": 2}]}),
        message("workspace/didChangeWorkspaceFolders", {"event": {"added": [folder], "removed": [folder]}}),
        message("workspace/executeCommand", {"command": "avatar.showTwin", "arguments": [wrong, 1]}, 3),
        OPENED,
        message("textDocument/codeAction", ACTIONS, 4),
    ]
    answers, said = talk(clone_student, b"".join(content) + END)
    told = [one["params"]["message"] for one in answers if one.get("method") == "window/logMessage"]
    lines = [one for one in told if one.startswith("avatar: ignored the address")]
    assert len(lines) == 9  # two folders at the start, and two that change
    assert not [one for one in told if "unexpected" in one]
    assert not [one for one in answers if one.get("method") == "window/showMessage"]
    assert answer(answers, 1)["result"]["serverInfo"]["name"] == "avatar"
    assert answer(answers, 2)["error"]["code"] == -32602
    assert answer(answers, 3)["error"]["code"] == -32602
    assert answer(answers, 4)["result"] == []
    assert said == ""


def test_a_changed_file_with_a_name_that_is_too_long_is_ignored(clone_student: Path) -> None:
    changed = message("workspace/didChangeWatchedFiles", {"changes": [{"uri": f"file:///{'a' * 300}.py", "type": 2}]})
    content = message("initialize", START | {"rootUri": "file:///nowhere"}, 1) + changed
    answers, said = talk(clone_student, content + END)
    assert not [one for one in answers if one.get("method") == "window/logMessage"]
    assert said == ""


def test_after_shutdown_requests_are_refused_and_notifications_are_dropped(clone_student: Path) -> None:
    late = message("textDocument/codeAction", ACTIONS, 6) + message("shutdown", None, 7) + message("a/b", {}, 8)
    late += message("textDocument/didOpen", {"textDocument": DOCUMENT | {"uri": "untitled:two"}})
    content = message("initialize", START, 1) + message("shutdown", None, 90) + late + message("exit", None)
    answers, said = talk(clone_student, content)
    assert answer(answers, 90)["result"] is None
    assert [answer(answers, number)["error"]["code"] for number in (6, 7, 8)] == [-32600] * 3
    assert not [one for one in answers if "id" not in one]
    assert said == ""


def test_work_that_starts_when_the_server_ends_is_dropped_quietly(clone_student: Path) -> None:
    async def run() -> str:
        session = Session(LazyStudent(clone_student, 1), cached=False)
        server = make_server(session)
        output = io.BytesIO()
        server.protocol.set_writer(EditorOutput(output))  # type: ignore[arg-type]
        starts = message("initialize", START, 1) + OPENED
        reader = BoundedInput(io.BytesIO(starts))

        class Reader:
            async def readline(self) -> bytes:
                return reader.readline()

            async def readexactly(self, size: int) -> bytes:
                return reader.read(size)

        await run_async(Event(), Reader(), server.protocol, error_handler=server.report_server_error)
        session.stop()
        await asyncio.sleep(0.1)  # now the timer of the opened text ends
        return output.getvalue().decode()

    sent = asyncio.run(run())
    assert "serverInfo" in sent
    assert "unexpected" not in sent
    assert "showMessage" not in sent
