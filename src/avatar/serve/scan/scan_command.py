"""The command `avatar scan`."""

import argparse
import logging
from pathlib import Path

from avatar.code.languages import LANGUAGES, titles
from avatar.common.files import write_text
from avatar.common.logging import log_to_stderr
from avatar.common.output import write_output
from avatar.serve.arguments import Choices, amount, count, duration, probability
from avatar.serve.default_student import BUNDLE_HELP, find_bundle
from avatar.serve.scan.chance_neighbours import CHANCE_NEIGHBOURS
from avatar.serve.scan.clone_rules import MIN_LINES, MIN_WORDS, MIN_WORDS_SUSPICIOUS

FAILED = 1
"""Exit status if a finding reached --fail-on."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `scan` to the commands."""
    scan = commands.add_parser(
        "scan",
        help="find clones, or suspicious functions, in a folder",
        description="Find groups of clones or suspicious functions (the student's task decides which) in a file or "
        f"folder of code in {titles()}. Exit status: 0 for success, 1 if a finding reaches --fail-on, 2 if the "
        "command fails, 141 if the next program in a pipe stops reading too early.",
    )
    scan.add_argument(
        "path", metavar="PATH", type=Path, help="file or folder; files that .gitignore names are left out"
    )
    scan.add_argument(
        "--bundle",
        metavar="FOLDER",
        type=Path,
        help=BUNDLE_HELP,
    )
    scan.add_argument(
        "--threshold",
        metavar="P",
        type=probability,
        help="lowest probability of a finding (default: the student's; 0.95 for a student of pairs)",
    )
    scan.add_argument(
        "--chance-neighbours",
        metavar="N",
        type=amount,
        default=CHANCE_NEIGHBOURS,
        help="for a student of pairs only: accept a pair only if "
        "the distance of its vectors is below a limit, which is measured on your code: "
        "a quarter of the functions have N or more other functions within this distance. A larger N accepts less "
        "similar pairs (default: 1; 0: no limit)",
    )
    scan.add_argument(  # the name of this option in earlier versions
        "--twins-by-chance", dest="chance_neighbours", type=amount, default=argparse.SUPPRESS, help=argparse.SUPPRESS
    )
    scan.add_argument(
        "--format",
        metavar="NAME",
        default="table",
        choices=Choices(_formats),
        help="one of %(choices)s (default: %(default)s)",
    )
    scan.add_argument("--output", metavar="FILE", type=Path, help="write to FILE instead of standard output")
    scan.add_argument(
        "--fail-on", metavar="P", type=probability, help="exit with 1 if the probability of a finding is at least P"
    )
    scan.add_argument(
        "--since",
        metavar="REV",
        help="show only functions that changed since the git revision REV; they are compared with all others",
    )
    scan.add_argument(
        "--min-lines",
        metavar="N",
        type=count,
        default=MIN_LINES,
        help="leave out functions with fewer lines of code (default: %(default)s)",
    )
    scan.add_argument(
        "--min-words",
        metavar="N",
        type=count,
        help="leave out clones with fewer words, which are names, numbers and signs. This is the size of clones that "
        "are the same but for names; exact copies may be 40 %% smaller, others must be 15 %% larger, and all members "
        "must have N / 2 different runs of five words in common (exact copies: 0.3 N) "
        f"(default: {MIN_WORDS}; for suspicious functions: {MIN_WORDS_SUSPICIOUS})",
    )
    scan.add_argument(
        "--simple",
        action="store_true",
        help="compare simple functions too (those that are empty, have one plain statement, or are constructors that "
        "only set fields), and report similar straight code and standard methods (docs/left_out.md)",
    )
    scan.add_argument("--tests", action="store_true", help="report groups that consist of tests and examples only, too")
    scan.add_argument(
        "--split-copies",
        action="store_true",
        help="report the functions of copied files and classes one by one, not each copy as one finding",
    )
    scan.add_argument(
        "--languages",
        metavar="NAME",
        nargs="+",
        choices=LANGUAGES.names(),
        default=(),
        help=f"one or more of {', '.join(LANGUAGES)} (default: all)",
    )
    scan.add_argument(
        "--cross-language", action="store_true", help="compare functions in different languages with each other, too"
    )
    scan.add_argument(
        "--parse-seconds",
        metavar="N",
        type=duration,
        help="leave out a file that needs more than N seconds of CPU time to parse (default: 0.5, and 4 for each MB)",
    )
    scan.add_argument(
        "--threads",
        metavar="N",
        type=count,
        default=1,
        help="number of threads; 0 means one for each core that it may use (default: 1)",
    )
    scan.add_argument("--no-cache", action="store_true", help="do not use the results of earlier scans, and store none")
    scan.add_argument("--quiet", action="store_true", help="do not show the progress")
    scan.set_defaults(run=run)


def _formats() -> list[str]:
    from avatar.serve.scan.formats import FORMATS

    return FORMATS.names()


def run(options: argparse.Namespace) -> int:
    """Scan, write the report, and return the exit status."""
    from avatar.serve.scan.formats import FORMATS
    from avatar.serve.scan.nothing import nothing_read
    from avatar.serve.scan.run_scan import Options, scan

    log_to_stderr(logging.WARNING if options.quiet else logging.INFO)
    report = scan(
        options.path,
        find_bundle(options.bundle),
        Options(
            threshold=options.threshold,
            fail_on=options.fail_on,
            min_lines=options.min_lines,
            min_words=options.min_words,
            simple=options.simple,
            tests=options.tests,
            split_copies=options.split_copies,
            languages=options.languages,
            cross_language=options.cross_language,
            since=options.since,
            parse_seconds=options.parse_seconds,
            threads=options.threads,
            cache=not options.no_cache,
            chance_neighbours=options.chance_neighbours,
        ),
    )
    text = FORMATS.get(options.format)(report).encode("utf-8", "backslashreplace")
    if options.output is None:
        write_output(text)
    else:
        write_text(options.output, text.decode("utf-8"))
    if options.fail_on is not None and not report.counts.files_read:
        raise nothing_read(report.skipped)
    return FAILED if options.fail_on is not None and report.highest >= options.fail_on else 0
