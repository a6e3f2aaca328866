"""The command `avatar lsp`."""

import argparse
import logging
import os
import signal
import sys
import threading
from io import BufferedReader
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, BinaryIO, cast

from avatar.common.errors import OutputError
from avatar.common.logging import log_to_stderr
from avatar.common.output import output_error
from avatar.serve.arguments import count
from avatar.serve.default_student import BUNDLE_HELP, find_bundle
from avatar.serve.extras import needs_extra

if TYPE_CHECKING:
    from avatar.serve.lsp.session import Session

ENDING_SECONDS = 1.0
"""After `exit`, or the end of the input, the process ends within this time, whatever its threads do."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `lsp` to the commands."""
    lsp = commands.add_parser(
        "lsp",
        help="show clones, or suspicious functions, in an editor while you type",
        description="Show findings in an editor. The editor starts this command and talks to it by the Language Server "
        "Protocol, on standard input and output (see docs/editors.md).",
    )
    lsp.add_argument("--bundle", metavar="FOLDER", type=Path, help=BUNDLE_HELP)
    lsp.add_argument(
        "--threads",
        metavar="N",
        type=count,
        default=1,
        help="number of threads; 0 means one for each core that it may use (default: 1)",
    )
    lsp.add_argument(
        "--no-cache", action="store_true", help="do not use the results of earlier sessions, and store none"
    )
    lsp.add_argument("--verbose", action="store_true", help="write more log lines to standard error")
    lsp.add_argument("--stdio", action="store_true", help=argparse.SUPPRESS)  # some editors add it
    lsp.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until the editor disconnects."""
    with needs_extra("serve"):
        from avatar.serve.lsp.server import make_server
    from avatar.serve.lsp.session import Session
    from avatar.serve.lsp.stream import BoundedInput, EditorOutput
    from avatar.serve.scan.student import LazyStudent

    level = logging.INFO if options.verbose else logging.WARNING
    log_to_stderr(level)
    student = LazyStudent(find_bundle(options.bundle), options.threads)
    if sys.stdin is None or sys.stdout is None:
        raise OutputError(
            "the standard input or output is closed", "an editor must start this command and connect both"
        )
    session = Session(student, cached=not options.no_cache)
    output = EditorOutput(sys.stdout.buffer)
    server = make_server(session)
    server.ends = lambda: _end(session)

    def interrupted(signum: int, _: FrameType | None) -> None:
        _end(session)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupted)
    try:
        server.start_io(cast("BufferedReader", BoundedInput(sys.stdin.buffer, output)), cast("BinaryIO", output))
    finally:
        _end(session)
    if output.failure is not None:
        raise output_error(output.failure)
    return 0


def _end(session: "Session") -> None:
    """Stop the work in progress. The thread that reads the input may wait for a byte for ever."""
    timer = threading.Timer(ENDING_SECONDS, os._exit, [0])
    timer.daemon = True
    timer.start()
    session.stop()
