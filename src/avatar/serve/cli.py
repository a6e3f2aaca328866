"""The command `avatar`: runs a student on files, without torch."""

import argparse
import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from avatar.common.cores import thread_limits

os.environ.update(thread_limits())  # before numpy is imported

from avatar.code.functions import MAX_SOURCE_BYTES
from avatar.code.languages import LANGUAGES, language_of_file
from avatar.common.errors import AvatarError, DataError, ReaderLeftError
from avatar.common.output import complain, standard_streams, write_output
from avatar.common.printable import printable
from avatar.common.regular_files import read_regular
from avatar.serve.arguments import Choices, count
from avatar.serve.default_student import find_bundle
from avatar.serve.evaluate import evaluate_command
from avatar.serve.http import serve_command
from avatar.serve.lsp import lsp_command
from avatar.serve.scan import scan_command

NOT_DONE = 2
"""Exit status of a command that failed; 1 is reserved for findings of `scan --fail-on`."""
INTERRUPTED = 130
"""128 + SIGINT."""
_OPEN_PIPE = re.compile(r"/dev/fd/\d+|/proc/(self|\d+)/fd/\d+")
"""What a shell writes for `<(command)`, and other files that this process has open."""


class Parser(argparse.ArgumentParser):
    """A parser that writes its help like any other output: if that fails, the command fails."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with the arguments, which may be names of files, and exit."""
        super().error(printable(message))

    def print_help(self, file: Any = None) -> None:
        """Print the help to `file`, by default to standard output."""
        if file is None:
            write_output(self.format_help())
        else:
            super().print_help(file)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0: success. 1: findings. 2: failed. 130: interrupted. 141: the reader of the output closed it too early.
    """
    logging.raiseExceptions = False  # a log line that cannot be written is no reason for a traceback
    with standard_streams():
        try:
            options = _parser().parse_args(arguments)
            return int(options.run(options))
        except ReaderLeftError as error:
            return error.exit_status
        except AvatarError as error:
            complain(f"avatar: {error}")
            return max(NOT_DONE, error.exit_status)
        except KeyboardInterrupt:
            complain("avatar: interrupted")
            return INTERRUPTED
        except OSError as error:
            named = f" {printable(str(error.filename))}" if error.filename is not None else ""
            complain(f"avatar: cannot use{named or ' a file'}: {error.strerror or error}")
            return NOT_DONE
        except Exception:
            complain(traceback.format_exc() + "avatar: this is a bug in avatar; please report the lines above")
            return NOT_DONE


def _parser() -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = Parser(
        prog="avatar",
        description="Use a student, a small and fast model of code, on your own machine. One for clones "
        "is installed with avatar; train.py writes others, each in a folder, the bundle.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    predict = commands.add_parser(
        "predict",
        help="classify one function, or compare two",
        description="Print, as JSON, the label and the probabilities of one function or of a pair.",
    )
    predict.add_argument(
        "paths",
        metavar="[BUNDLE] FILE [FILE2]",
        nargs="+",
        help="the folder 'bundle' that train.py wrote (default: the student that is installed with avatar); a file "
        "with one function, or - for standard input; the function to compare it with",
    )
    predict.add_argument(
        "--language",
        choices=LANGUAGES.names(),
        metavar="NAME",
        help=f"{', '.join(LANGUAGES.names())} (default: from the file names, else the student's language)",
    )
    predict.add_argument(
        "--threads",
        type=count,
        default=1,
        help="number of threads; 0 means one for each core that it may use (default: 1)",
    )
    predict.add_argument(
        "--runtime",
        metavar="NAME",
        choices=Choices(_runtimes),
        help="the library that runs the student: %(choices)s; it must be installed (default: onnxruntime; n-gram "
        "students need none)",
    )
    predict.add_argument(
        "--precision",
        help="fp32 (float32 weights) or int8 (8-bit weights, smaller); default: fp32 if the bundle has it, else int8",
    )
    predict.set_defaults(run=_predict)
    scan_command.add(commands)
    evaluate_command.add(commands)
    lsp_command.add(commands)
    serve_command.add(commands)
    return parser


def _runtimes() -> list[str]:
    from avatar.serve.runtimes import RUNTIMES

    return RUNTIMES.names()


def _predict(options: argparse.Namespace) -> int:
    from avatar.serve.student_process import open_student

    bundle, files = options.paths[0], options.paths[1:]
    if Path(bundle).is_file() or bundle == "-" or language_of_file(bundle) is not None:
        bundle, files = find_bundle(), options.paths
    predictor = open_student(bundle, threads=options.threads, runtime=options.runtime, precision=options.precision)
    if len(files) != predictor.config.arity:
        raise DataError(
            f"{bundle} is a student for the task '{predictor.config.task}'. It needs "
            f"{predictor.config.arity} file(s), {len(files)} given",
            "avatar predict [BUNDLE] FILE FILE2" if predictor.config.arity == 2 else "avatar predict BUNDLE FILE",
        )
    if files.count("-") > 1:
        raise DataError("standard input can be only one of the two functions", "give a file for the other")
    codes = [_read(name) for name in files]
    answers = predictor.answer([codes], [options.language or language_of_file(name) for name in files])
    probabilities = answers.probabilities
    answer = {
        "label": predictor.label(probabilities)[0],
        "probability": float(probabilities[0, 1]),
        "probabilities": dict(zip(predictor.config.labels, map(float, probabilities[0]), strict=True)),
        "threshold": predictor.config.threshold,
        "tokens": [len(row) for row in answers.tokens[0]],
        "files": files,
        "warnings": list(answers.warnings),
    }
    write_output(json.dumps(answer, indent=2) + "\n")
    return 0


def _read(name: str) -> str:
    if name == "-" and sys.stdin is None:
        raise DataError("standard input is closed", "give a file with one function")
    try:
        content = _start_of(name)
        if len(content) > MAX_SOURCE_BYTES:
            raise DataError(f"{name} has more than {MAX_SOURCE_BYTES} bytes", "give a file with one function")
        code = content.decode("utf-8")
    except OSError as error:
        raise DataError(f"cannot read {name}: {error.strerror or error}", "give a file with one function") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not UTF-8 at byte {error.start}", "convert the file to UTF-8") from error
    if not code.strip():
        raise DataError(f"{name} is empty", "give a file with one function")
    return code


def _start_of(name: str) -> bytes:
    """The first bytes of a file, an open pipe (`<(command)`) or standard input, one more than is allowed.

    A named pipe is refused: without a writer, opening it would wait for ever.
    """
    if name == "-":
        return sys.stdin.buffer.read(MAX_SOURCE_BYTES + 1)
    if not _OPEN_PIPE.fullmatch(name):
        return read_regular(Path(name), MAX_SOURCE_BYTES + 1)
    with Path(name).open("rb") as stream:
        return stream.read(MAX_SOURCE_BYTES + 1)


if __name__ == "__main__":
    sys.exit(main())
