"""Arguments of the command `avatar`: names, values and files that are no usual ones."""

import io
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from hypothesis import strategies as st
from mutation import changed_text, mutated, randoms
from surface import Harness, Surface

from avatar.common.errors import AvatarError
from avatar.serve import cli
from avatar.serve.default_student import find_bundle
from avatar.serve.scan import run_scan
from avatar.serve.scan.outliner import Outliner
from avatar.serve.scan.student import LazyStudent
from surfaces._bundles import ngram_bundle

VALUES = ("", "-", "--", "0", "1", "-1", "+1", "1.5", "1e999", "nan", "inf", "-inf", "0x10", "1_0", "١", "9" * 5_000)
VALUES += (
    "a" * 5_000,
    "\udcff",
    "\0",
    "é",
    "a\nb",
    "\x1b[31m",
    "%s",
    "{}",
    "/dev/null",
    "/dev/zero",
    "/",
    "~",
    "[::1]",
    "..",
)
VALUES += (
    "json",
    "sarif",
    "html",
    "table",
    "python",
    "c",
    "HEAD",
    "onnxruntime",
    "int8",
    "fp32",
    "localhost",
    "0.5",
    "0.95",
)
OPTIONS = (
    "--bundle",
    "--threshold",
    "--chance-neighbours",
    "--format",
    "--output",
    "--fail-on",
    "--since",
    "--min-lines",
)
OPTIONS += ("--min-words", "--languages", "--cross-language", "--parse-seconds", "--threads", "--quiet", "--language")
OPTIONS += (
    "--runtime",
    "--precision",
    "--host",
    "--port",
    "--request-seconds",
    "--verbose",
    "--help",
    "-h",
    "--t",
    "--no-cach",
)
STATUSES = frozenset({0, 1, 2, 141})
BUG = "this is a bug in avatar"


def commands(folder: Path, bundle: Path) -> list[list[str]]:
    """Valid command lines."""
    one, two, code = str(folder / "one.py"), str(folder / "two.py"), str(folder / "code")
    quick = ["--no-cache", "--quiet"]
    return [
        ["predict", one, two],
        ["predict", str(bundle), one, two, "--language", "python", "--threads", "1"],
        ["predict", str(bundle), one, "-"],
        ["scan", code, *quick],
        ["scan", code, *quick, "--bundle", str(bundle), "--threshold", "0.5", "--min-lines", "1", "--min-words", "1"],
        [
            "scan",
            one,
            *quick,
            "--format",
            "sarif",
            "--cross-language",
            "--languages",
            "python",
            "c",
            "--fail-on",
            "0.9",
        ],
        ["scan", code, *quick, "--format", "html", "--output", str(folder / "out"), "--chance-neighbours", "2"],
        [
            "serve",
            "--bundle",
            str(bundle),
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--threads",
            "1",
            "--request-seconds",
            "2",
        ],
    ]


def changed(arguments: Sequence[str], random: Random, paths: Sequence[str]) -> list[str]:
    """A command line with one argument changed, left out, added or moved. The command itself usually stays."""
    arguments = list(arguments)
    index = random.randrange(1, len(arguments) + 1) if random.random() < 0.95 else 0
    value = random.choice((random.choice(VALUES), random.choice(OPTIONS), random.choice(paths)))
    kind = random.randrange(5)
    if kind == 0 and index < len(arguments):
        del arguments[index]
    elif kind == 1:
        arguments.insert(index, value)
    elif kind == 2 and index < len(arguments):
        arguments[index] = changed_text(arguments[index], random)
    elif kind == 3:
        arguments += [random.choice(OPTIONS), value]
    elif index < len(arguments):
        arguments[index] = value
    return arguments or ["scan"]


def leads_outside(argument: str, folder: Path) -> bool:
    """Whether it names a folder that is not below `folder`: a scan would read what other programs wrote there."""
    try:
        path = (folder / Path(argument).expanduser()).resolve()
        return path.is_dir() and not path.is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):
        return False


def make(folder: Path) -> Harness:
    """Each input is a list of arguments and the standard input. `serve` starts no server."""
    bundle = ngram_bundle(folder / "bundle")
    files = {"one.py": b"def f(a):\n    return a\n", "two.py": b"def g(b):\n    return b + 1\n", "empty.py": b""}
    files |= {
        "code/a.py": b"def f(a):\n    return a\n" * 2,
        "code/b.c": b"int f(int a) { return a; }\n",
        "bytes.py": b"\xff\0",
    }
    files |= {"large.py": b"x = 1\n" * 200_000, "code/deep.py": b"(" * 3_000}
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "pipe.py")
    (folder / "circle.py").symlink_to(folder / "circle.py")
    paths = [
        str(folder / name) for name in (*files, "pipe.py", "circle.py", "none", "none/none.py", "code", "", "one.py/a")
    ]
    valid = commands(folder, bundle)
    outliner = Outliner(LazyStudent(find_bundle(), 1).rules, 0.5)

    class Shared(Outliner):
        """Uses the process of `outliner`."""

        def __init__(self, *_: Any) -> None:
            self.of_text, self.of_files = outliner.of_text, outliner.of_files  # type: ignore[method-assign]

        def stop(self) -> None:
            """Do nothing: others use it."""

        close = stop

    def one(random: Random) -> tuple[list[str], str]:
        arguments = mutated(random.choice(valid), random, lambda line, own: changed(line, own, paths))
        arguments = [argument.replace("\0", "") for argument in arguments]  # no program can be given one
        arguments = [str(folder) if leads_outside(argument, folder) else argument for argument in arguments]
        return arguments, random.choice(("", "def f(): pass\n", "\0", "é", "x" * 1_100_000))

    def run(value: tuple[list[str], str]) -> None:
        arguments, sent = value
        if arguments[0] == "lsp" or any(argument.startswith("/dev/") for argument in arguments[:2]):
            arguments = ["scan", *arguments]  # `lsp` would end this process
        streams = [io.TextIOWrapper(io.BytesIO(content), "utf-8") for content in (sent.encode(), b"", b"")]
        with ExitStack() as stack:
            stack.enter_context(mock.patch.object(run_scan, "Outliner", Shared))
            stack.enter_context(mock.patch("uvicorn.Server.run"))
            stack.enter_context(mock.patch("avatar.serve.http.computing.Pool.start"))
            for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
                stack.enter_context(mock.patch.object(sys, name, stream))
            stack.callback(os.chdir, Path.cwd())
            os.chdir(folder)
            try:
                status: object = cli.main(arguments)
            except SystemExit as leaving:
                status = leaving.code or 0
        with suppress(OSError):
            (folder / "out").unlink()
        said = streams[2].buffer.getvalue().decode()  # type: ignore[attr-defined]
        assert BUG not in said, said
        assert "Traceback" not in said, said
        assert status in STATUSES, (status, said)
        if status == 2:
            raise AvatarError(said)

    return Harness(st.builds(one, randoms()), run, outliner.close)


SURFACE = Surface("command line of avatar", make, seconds=4.0, short=40)
