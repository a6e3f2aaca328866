"""Exit status if the output is closed or cannot be written: never 1, which is reserved for findings."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from large_function import FUNCTION

from avatar.serve.cli import main

FULL = Path("/dev/full")
COMMANDS = {
    "predict": ["predict", "{faults}", "{code}/a.py"],
    "scan": ["scan", "{code}", "--bundle", "{clones}", "--fail-on", "1"],
    "scan as json": ["scan", "{code}", "--bundle", "{clones}", "--threshold", "1", "--format", "json"],
    "scan as html": ["scan", "{code}", "--bundle", "{clones}", "--threshold", "1", "--format", "html"],
    "scan to stdout": ["scan", "{code}", "--bundle", "{clones}", "--fail-on", "1", "--output", "/dev/stdout"],
    "help": ["--help"],
    "help of scan": ["scan", "--help"],
    "help of predict": ["predict", "--help"],
    "help of lsp": ["lsp", "--help"],
    "help of serve": ["serve", "--help"],
}


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("code")
    for name in ("a.py", "b.py"):
        (folder / name).write_text(FUNCTION)
    return folder


def avatar(
    arguments: list[str], places: dict[str, Path], redirection: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command with its standard streams as a shell redirects them."""
    words = [one.format(**places) for one in arguments]
    return subprocess.run(
        ["bash", "-c", f'"$@" {redirection}', "bash", sys.executable, "-m", "avatar.serve.cli", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **variables},
    )


@pytest.fixture
def places(code: Path, clone_student: Path, fault_student: Path) -> dict[str, Path]:
    return {"code": code, "clones": clone_student, "faults": fault_student}


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_left_is_141_and_no_word(command: str, unbuffered: str, places: dict[str, Path]) -> None:
    words = [one.format(**places) for one in COMMANDS[command]]
    reader, writer = os.pipe()
    os.close(reader)
    answer = subprocess.run(
        [sys.executable, "-m", "avatar.serve.cli", *words],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    os.close(writer)
    assert (answer.returncode, answer.stderr) == (141, "")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_device_is_said(command: str, unbuffered: str, places: dict[str, Path]) -> None:
    answer = avatar(COMMANDS[command], places, ">/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert answer.returncode == 2
    assert "No space left" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "Exception" not in answer.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_standard_output_is_said(command: str, places: dict[str, Path]) -> None:
    answer = avatar(COMMANDS[command], places, ">&-")
    assert answer.returncode == 2
    assert "standard output is closed" in answer.stderr or "cannot write /dev/stdout" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("redirection", "status"),
    [(">&-", 1), ("2>&-", 1), ("2>/dev/full", 1), ("<&- >&- 2>&-", 1), (">/dev/full", 1)],
)
def test_a_report_in_a_file_needs_no_stream(
    redirection: str, status: int, places: dict[str, Path], tmp_path: Path
) -> None:
    target = tmp_path / "out.json"
    arguments = [*COMMANDS["scan"], "--format", "json", "--output", str(target)]
    answer = avatar(arguments, places, redirection)
    assert (answer.returncode, answer.stdout) == (status, "")
    assert len(json.loads(target.read_text())["findings"]) == 1


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "<&- >&- 2>&-", "2>&1 | true; exit ${PIPESTATUS[0]}"])
def test_errors_that_cannot_be_told_keep_their_status(redirection: str, places: dict[str, Path]) -> None:
    for arguments in (["scan", "nowhere", "--bundle", "{clones}"], ["scan"], ["no-such-command"]):
        answer = avatar(arguments, places, redirection)
        assert (answer.returncode, answer.stdout, answer.stderr) == (2, "", "")


def test_a_closed_standard_input_is_said(places: dict[str, Path]) -> None:
    answer = avatar(["predict", "{faults}", "-"], places, "<&-")
    assert answer.returncode == 2
    assert "standard input" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_reader_that_leaves_in_the_middle(places: dict[str, Path]) -> None:
    answer = avatar(COMMANDS["scan as html"], places, "| head -c 1; exit ${PIPESTATUS[0]}")
    assert answer.stdout == "<"
    assert answer.returncode in (0, 141)  # the page may fit into the pipe
    assert answer.stderr == ""


def test_a_slow_reader_of_a_pipe_that_does_not_wait_gets_all(places: dict[str, Path], tmp_path: Path) -> None:
    """Some programs, such as node, give non-blocking pipes."""
    for number in range(300):
        (tmp_path / f"{number}.py").write_text(FUNCTION)
    program = (
        "import fcntl, os, subprocess, sys, time\n"
        "flags = fcntl.fcntl(1, fcntl.F_GETFL)\n"
        "fcntl.fcntl(1, fcntl.F_SETFL, flags | os.O_NONBLOCK)\n"
        "sys.exit(subprocess.call([sys.executable, '-m', 'avatar.serve.cli', *sys.argv[1:]]))\n"
    )
    words = ["scan", str(tmp_path), "--bundle", str(places["clones"]), "--threshold", "1", "--format", "json"]
    with subprocess.Popen([sys.executable, "-c", program, *words], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = process.stdout.read(10)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert len(first + rest) > 65_536
    assert len(json.loads(first + rest)["findings"][0]["functions"]) == 300


def test_an_editor_that_is_gone_ends_the_server(places: dict[str, Path]) -> None:
    body = json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}}
    )
    reader, writer = os.pipe()
    os.close(reader)
    answer = subprocess.run(
        [sys.executable, "-m", "avatar.serve.cli", "lsp", "--bundle", str(places["clones"])],
        input=f"Content-Length: {len(body)}\r\n\r\n{body}",
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(writer)
    assert answer.returncode == 141
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("redirection", [">&-", "<&-"])
def test_an_editor_server_needs_both_streams(redirection: str, places: dict[str, Path]) -> None:
    answer = avatar(["lsp", "--bundle", "{clones}"], places, redirection)
    assert answer.returncode == 2
    assert "standard" in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("status", [1, 2])
def test_what_went_wrong_is_never_taken_for_a_finding(
    status: int, code: Path, clone_student: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors with exit status 1 elsewhere, and bugs of the program."""

    def broken(*_: object) -> None:
        raise RuntimeError("a fault")

    def slow(*_: object) -> None:
        from avatar.common.errors import AvatarError

        raise AvatarError("git took too long")

    monkeypatch.setattr("avatar.serve.scan.run_scan.Scanner", broken if status == 1 else slow)
    assert main(["scan", str(code), "--bundle", str(clone_student)]) == 2
    said = capsys.readouterr().err
    assert "a fault" in said or "git took too long" in said


def test_an_interrupted_command_is_130(
    code: Path, clone_student: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("avatar.serve.scan.run_scan.Scanner", interrupted)
    assert main(["scan", str(code), "--bundle", str(clone_student)]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_output_that_is_no_stream_of_the_system_is_written_to(
    code: Path, clone_student: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a notebook or a test."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert main(["scan", str(code), "--bundle", str(clone_student)]) == 0
    assert b"functions of 2 files" in sys.stdout.buffer.getvalue()  # type: ignore[attr-defined]
