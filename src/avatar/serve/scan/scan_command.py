"""The command `avatar scan`."""

import argparse
import logging
import os
import sys
from pathlib import Path

from avatar.code.languages import LANGUAGES, titles
from avatar.common.errors import ArtifactError
from avatar.common.files import write_text
from avatar.common.output import write_output
from avatar.serve.arguments import Choices, amount, count, probability
from avatar.serve.scan.chance_neighbours import TWINS_BY_CHANCE

BUNDLE = "AVATAR_BUNDLE"
"""The environment variable with the folder of the student to use where none is named."""

FAILED = 1
"""Exit status where something reached --fail-on."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `scan` to the commands."""
    scan = commands.add_parser(
        "scan",
        help="find clones, or suspicious functions, in a folder",
        description="Find groups of clones, or suspicious functions (by the student's task), in a file or folder of "
        f"code in {titles()}. Exit status: 0, 1 where something reaches --fail-on, 2 where the "
        "command cannot be carried out, 141 where the reader of the output leaves before its end.",
    )
    scan.add_argument("path", metavar="PATH", type=Path, help="file or folder; .gitignore is honoured")
    scan.add_argument(
        "--bundle", metavar="FOLDER", type=Path, help=f"folder with manifest.json (default: what ${BUNDLE} names)"
    )
    scan.add_argument(
        "--threshold",
        metavar="P",
        type=probability,
        help="least probability (default: 0.95 for clones, else the student's)",
    )
    scan.add_argument(
        "--twins-by-chance",
        metavar="N",
        type=amount,
        default=TWINS_BY_CHANCE,
        help="how near clones must be: a quarter of the functions have N others so near (default: 1; 0: any distance)",
    )
    scan.add_argument(
        "--format",
        metavar="NAME",
        default="table",
        choices=Choices(_formats),
        help="one of %(choices)s (default: %(default)s)",
    )
    scan.add_argument("--output", metavar="FILE", type=Path, help="write there instead of to standard output")
    scan.add_argument(
        "--fail-on", metavar="P", type=probability, help="exit with 1 where a finding's probability is at least P"
    )
    scan.add_argument("--since", metavar="REV", help="only functions changed since a git revision, against all others")
    scan.add_argument(
        "--min-lines", metavar="N", type=count, default=5, help="lines of code of a function (default: 5)"
    )
    scan.add_argument("--min-words", metavar="N", type=count, default=20, help="names, numbers and signs (default: 20)")
    scan.add_argument(
        "--languages",
        metavar="NAME",
        nargs="+",
        choices=LANGUAGES.names(),
        default=(),
        help=f"some of {', '.join(LANGUAGES)} (default: all)",
    )
    scan.add_argument("--threads", metavar="N", type=count, default=1, help="0 means all that are allowed (default: 1)")
    scan.add_argument("--no-cache", action="store_true", help="neither read nor keep what earlier scans found out")
    scan.add_argument("--quiet", action="store_true", help="no progress")
    scan.set_defaults(run=run)


def _formats() -> list[str]:
    from avatar.serve.scan.formats import FORMATS

    return FORMATS.names()


def run(options: argparse.Namespace) -> int:
    """Scan, print, and give the exit status."""
    from avatar.serve.scan.formats import FORMATS
    from avatar.serve.scan.run_scan import Options, scan

    logging.basicConfig(
        level=logging.WARNING if options.quiet else logging.INFO, format="avatar: %(message)s", stream=sys.stderr
    )
    report = scan(
        options.path,
        find_bundle(options.bundle),
        Options(
            threshold=options.threshold,
            fail_on=options.fail_on,
            min_lines=options.min_lines,
            min_words=options.min_words,
            languages=options.languages,
            since=options.since,
            threads=options.threads,
            cache=not options.no_cache,
            twins_by_chance=options.twins_by_chance,
        ),
    )
    text = FORMATS.get(options.format)(report).encode("utf-8", "backslashreplace")
    if options.output is None:
        write_output(text)
    else:
        write_text(options.output, text.decode("utf-8"))
    return FAILED if options.fail_on is not None and report.highest >= options.fail_on else 0


def find_bundle(given: Path | None) -> Path:
    """The folder that was named, or that the environment names; without either an ArtifactError says what to do."""
    folder = given or (Path(named) if (named := os.environ.get(BUNDLE)) else None)
    if folder is None:
        raise ArtifactError(
            "no student to scan with",
            "name its folder: avatar scan PATH --bundle FOLDER, or set " + BUNDLE + ". To make one: `make demo` "
            "writes it to outputs/demo/<time>/bundle. To fetch one: "
            '`from avatar.serve import Student; Student.from_pretrained("user/model").save_pretrained("FOLDER")`',
        )
    return folder
