"""The editor server ends when it is told to, also with hostile texts and an editor that keeps its pipe open."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hostile_texts import hostile

pytestmark = pytest.mark.timeout(60)

BAD = hostile("stray comment ends", 90_000)[1]


class RawEditor:
    """An editor that sends messages and reads nothing but answers."""

    def __init__(self, folder: Path, bundle: Path) -> None:
        command = [sys.executable, "-m", "avatar.serve.cli", "lsp", "--bundle", str(bundle)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.folder = folder
        self._send("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}}, number=1)
        self.wait_for(1)
        self._send("initialized", {})

    def open(self, name: str, language: str, text: str) -> None:
        document = {"uri": (self.folder / name).as_uri(), "languageId": language, "version": 1, "text": text}
        self._send("textDocument/didOpen", {"textDocument": document})

    def leave(self) -> None:
        self._send("shutdown", None, number=2)
        self.wait_for(2)
        self._send("exit", None)

    def wait_for(self, number: int) -> None:
        while self.read().get("id") != number:
            pass

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            length = int(line.partition(b":")[2]) if line.lower().startswith(b"content-length") else length
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message

    def _send(self, method: str, params: Any, number: int | None = None) -> None:
        assert self.process.stdin is not None
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        content = json.dumps(message | ({} if number is None else {"id": number})).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        self.process.stdin.flush()


@pytest.fixture
def editor(tmp_path: Path, clone_student: Path) -> Iterator[RawEditor]:
    (tmp_path / "bad.c").write_text(BAD)
    editor = RawEditor(tmp_path, clone_student)
    yield editor
    editor.process.kill()
    editor.process.wait()


def test_exit_ends_it_while_a_hostile_text_is_parsed(editor: RawEditor) -> None:
    for number in range(5):
        editor.open(f"{number}.c", "c", BAD)
    time.sleep(2)
    editor.leave()
    start = time.monotonic()
    assert editor.process.wait(20) == 0
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(editor: RawEditor, signum: signal.Signals) -> None:
    editor.open("a.c", "c", BAD)
    time.sleep(2)
    editor.process.send_signal(signum)
    start = time.monotonic()
    editor.process.wait(20)
    assert time.monotonic() - start < 2


def test_the_end_of_the_input_ends_it(editor: RawEditor) -> None:
    editor.open("a.c", "c", BAD)
    time.sleep(2)
    assert editor.process.stdin is not None
    editor.process.stdin.close()
    start = time.monotonic()
    editor.process.wait(20)
    assert time.monotonic() - start < 2
