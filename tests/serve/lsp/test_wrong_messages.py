"""Messages that no editor should send: the server answers or ignores them, and goes on. Found by `make fuzz`."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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
