"""The command `avatar evaluate`."""

import argparse
import logging
from pathlib import Path

from avatar.code.languages import LANGUAGES
from avatar.common.files import write_text
from avatar.common.logging import log_to_stderr
from avatar.common.output import write_output
from avatar.serve.arguments import Choices, assignment, count
from avatar.serve.default_student import BUNDLE_HELP, find_bundle


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `evaluate` to the commands."""
    evaluate = commands.add_parser(
        "evaluate",
        help="score a student on a file of examples",
        description="Print the scores of a student on a file with one example a row: functions with labels (columns "
        "code, label), pairs with labels (code1, code2, label), functions in groups of clones (code, group), or "
        "functions before and after a fix of a vulnerability (before, after). A label is 0 or 1 (vulnerable, or "
        "clones). A column language is optional.",
    )
    evaluate.add_argument("bundle", metavar="BUNDLE", nargs="?", type=Path, help=BUNDLE_HELP)
    evaluate.add_argument(
        "--data", metavar="FILE", type=Path, required=True, help="the examples: a jsonl, csv or parquet file"
    )
    evaluate.add_argument(
        "--kind",
        metavar="NAME",
        choices=Choices(_kinds),
        help="what the file has: %(choices)s (default: known from its columns)",
    )
    evaluate.add_argument(
        "--columns",
        metavar="FIELD=COLUMN",
        nargs="+",
        type=assignment,
        default=(),
        help="columns with other names, for example code=func label=target",
    )
    evaluate.add_argument(
        "--language",
        metavar="NAME",
        choices=LANGUAGES.names(),
        default="",
        help="language of functions without a column language: one of %(choices)s (default: the student's)",
    )
    evaluate.add_argument(
        "--format",
        metavar="NAME",
        default="table",
        choices=Choices(_formats),
        help="one of %(choices)s (default: %(default)s)",
    )
    evaluate.add_argument("--output", metavar="FILE", type=Path, help="write to FILE instead of standard output")
    evaluate.add_argument(
        "--threads",
        metavar="N",
        type=count,
        default=1,
        help="number of threads; 0 means one for each core that it may use (default: 1)",
    )
    evaluate.add_argument(
        "--runtime",
        metavar="NAME",
        choices=Choices(_runtimes),
        help="the library that runs the student: %(choices)s (default: onnxruntime; n-gram students need none)",
    )
    evaluate.add_argument("--precision", metavar="NAME", help="fp32 or int8 (default: fp32 if the bundle has it)")
    evaluate.add_argument("--quiet", action="store_true", help="do not show the progress")
    evaluate.set_defaults(run=run)


def _kinds() -> list[str]:
    from avatar.serve.evaluate.kinds import KINDS

    return KINDS.names()


def _formats() -> list[str]:
    from avatar.serve.evaluate.formats import FORMATS

    return FORMATS.names()


def _runtimes() -> list[str]:
    from avatar.serve.runtimes import RUNTIMES

    return RUNTIMES.names()


def run(options: argparse.Namespace) -> int:
    """Score the student, write the result, and return the exit status 0."""
    from avatar.common.logging import silent_progress
    from avatar.serve.evaluate.formats import FORMATS
    from avatar.serve.evaluate.run_evaluate import Options, evaluate

    log_to_stderr(logging.WARNING if options.quiet else logging.INFO)
    chosen = Options(
        kind=options.kind,
        columns=dict(options.columns),
        language=options.language,
        threads=options.threads,
        runtime=options.runtime,
        precision=options.precision,
    )
    bundle = find_bundle(options.bundle)
    if options.quiet:
        with silent_progress():
            result = evaluate(bundle, options.data, chosen)
    else:
        result = evaluate(bundle, options.data, chosen)
    text = FORMATS.get(options.format)(result)
    if options.output is None:
        write_output(text)
    else:
        write_text(options.output, text)
    return 0
