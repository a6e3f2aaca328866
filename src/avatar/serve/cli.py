"""The command `avatar`: a student at work on files, without torch."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from avatar.common.errors import AvatarError, DataError
from avatar.serve.arguments import Choices, count
from avatar.serve.http import command as http_command
from avatar.serve.lsp import command as lsp_command
from avatar.serve.scan import command as scan_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 for findings, or 2 for what the user can mend."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except AvatarError as error:
        print(f"avatar: {error}", file=sys.stderr)
        return error.exit_status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="avatar",
        description="Small, fast models of code on your own machine, from the folder that train.py wrote.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    predict = commands.add_parser(
        "predict",
        help="classify one function, or compare two",
        description="Print, as JSON, the label and the probabilities of one function or of a pair.",
    )
    predict.add_argument("bundle", metavar="BUNDLE", type=Path, help="folder with manifest.json")
    predict.add_argument("file", metavar="FILE", help="a file with one function, or - for standard input")
    predict.add_argument("second", metavar="FILE2", nargs="?", help="the function to compare it with")
    predict.add_argument("--threads", type=count, default=1, help="threads to use; 0 means all cores (default: 1)")
    predict.add_argument(
        "--runtime",
        metavar="NAME",
        default="onnxruntime",
        choices=Choices(_runtimes),
        help="one of %(choices)s, where it is installed (default: %(default)s)",
    )
    predict.add_argument("--precision", help="fp32 or int8 (default: what the bundle has, fp32 first)")
    predict.set_defaults(run=_predict)
    scan_command.add(commands)
    lsp_command.add(commands)
    http_command.add(commands)
    return parser


def _runtimes() -> list[str]:
    from avatar.serve.runtimes import RUNTIMES

    return RUNTIMES.names()


def _predict(options: argparse.Namespace) -> int:
    from avatar.serve.predictor import Predictor

    predictor = Predictor(options.bundle, threads=options.threads, runtime=options.runtime, precision=options.precision)
    files = [options.file] if options.second is None else [options.file, options.second]
    if len(files) != predictor.config.arity:
        raise DataError(
            f"{options.bundle} is a student for the task '{predictor.config.task}', which reads "
            f"{predictor.config.arity} file(s); {len(files)} given",
            "avatar predict BUNDLE FILE FILE2" if predictor.config.arity == 2 else "avatar predict BUNDLE FILE",
        )
    if files.count("-") > 1:
        raise DataError("standard input can be only one of the two functions", "give a file for the other")
    codes = [_read(name) for name in files]
    probabilities = predictor.predict(codes if len(codes) == 1 else [(codes[0], codes[1])])
    tokens = predictor.tokenize(codes)
    answer = {
        "label": predictor.label(probabilities)[0],
        "probability": float(probabilities[0, 1]),
        "probabilities": dict(zip(predictor.config.labels, map(float, probabilities[0]), strict=True)),
        "threshold": predictor.config.threshold,
        "tokens": [len(row) for row in tokens],
        "files": files,
    }
    print(json.dumps(answer, indent=2))
    return 0


def _read(name: str) -> str:
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        code = content.decode("utf-8")
    except OSError as error:
        raise DataError(f"cannot read {name}: {error.strerror or error}", "give a file with one function") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not UTF-8 at byte {error.start}", "convert the file to UTF-8") from error
    if not code.strip():
        raise DataError(f"{name} is empty", "give a file with one function")
    return code


if __name__ == "__main__":
    sys.exit(main())
