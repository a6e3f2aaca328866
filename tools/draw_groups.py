"""Groups of clones from several scans, drawn at random for a person to judge, without probability or kind.

    avatar scan PROJECT --format json --output one.json         # for each project
    python tools/draw_groups.py one.json two.json ... --number 200 --seed 1 --output groups.md

Every group of all reports has the same chance; with `--each N`, at most N of one report are drawn. The answer to the
question of each group is written behind `verdict:` (act or not) and `reason:`. With `--format jsonl` these are fields.
Code is read from the scanned folders, as it is now. `--members` and `--lines` limit what is shown of a group.
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar.common.errors import AvatarError, DataError
from avatar.common.files import write_text
from avatar.common.hashing import stable_hash

MEMBERS = 4
LINES = 80


@dataclass(frozen=True)
class Group:
    """A group of one report: `functions` are the members as in the report, `root` is the scanned path."""

    project: str
    root: Path
    functions: tuple[dict[str, Any], ...]

    @property
    def identity(self) -> str:
        """Names the group in the lists of two draws; independent of its place and of its probability."""
        return stable_hash(
            [self.project, [[one["file"], one["name"], one["first_line"]] for one in self.functions]], 12
        )


def read_groups(report: Path) -> list[Group]:
    """The groups of a JSON report of `avatar scan`; something else is a DataError."""
    try:
        content = json.loads(report.read_text(encoding="utf-8"))
        root = Path(content["root"])
        groups = [Group(report.stem, root, tuple(one["functions"])) for one in content["findings"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{report} is not a report of a scan ({error!r})", "write it with avatar scan PATH --format json"
        ) from error
    return [one for one in groups if len(one.functions) > 1]


def draw(reports: Sequence[Sequence[Group]], number: int, seed: int, each: int | None = None) -> list[Group]:
    """`number` different groups at random, at most `each` of one report, in random order; too few are a DataError."""
    groups = [one for report in reports for one in report]
    random.Random(seed).shuffle(groups)
    drawn: list[Group] = []
    taken: Counter[str] = Counter()
    for group in groups:
        if len(drawn) < number and (each is None or taken[group.project] < each):
            taken[group.project] += 1
            drawn.append(group)
    if len(drawn) < number:
        raise DataError(
            f"the reports have {len(drawn)} groups that can be drawn, fewer than {number}",
            "ask for fewer groups, or give more reports",
        )
    return drawn


def shown(group: Group, members: int, lines: int) -> dict[str, Any]:
    """What a person sees of a group: its functions, of them the first `members` with their code."""
    return {
        "id": group.identity,
        "project": group.project,
        "members": len(group.functions),
        "functions": [
            {
                "file": one["file"],
                "name": one["name"],
                "lines": [one["first_line"], one["last_line"]],
                "code": _code(group.root, one, lines),
            }
            for one in group.functions[:members]
        ],
        "others": [f"{one['file']}:{one['first_line']} {one['name']}" for one in group.functions[members:]],
        "verdict": "",
        "reason": "",
    }


def _code(root: Path, function: dict[str, Any], most: int) -> str:
    path = root / function["file"] if root.is_dir() else root
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error}", "scan the folder again") from error
    lines = text.splitlines()[function["first_line"] - 1 : function["last_line"]]
    more = [f"[... {len(lines) - most} more lines]"] if len(lines) > most else []
    return "\n".join([*lines[:most], *more])


def markdown(groups: Sequence[dict[str, Any]]) -> str:
    """A page with a section for each group."""
    parts = []
    for number, group in enumerate(groups, start=1):
        parts.append(f"## {number}. {group['project']} `{group['id']}`: {group['members']} functions\n")
        for one in group["functions"]:
            first, last = one["lines"]
            parts.append(f"{one['file']}:{first}-{last} `{one['name']}`\n\n~~~~\n{one['code']}\n~~~~\n")
        parts += [f"- {other}" for other in group["others"]]
        parts.append("\nverdict: \nreason: \n")
    return "\n".join(parts)


def jsonl(groups: Sequence[dict[str, Any]]) -> str:
    """A line for each group."""
    return "".join(json.dumps(group, ensure_ascii=False) + "\n" for group in groups)


FORMATS = {"markdown": markdown, "jsonl": jsonl}


def main() -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", metavar="REPORT", nargs="+", type=Path, help="JSON reports of avatar scan")
    parser.add_argument("--number", type=int, required=True, help="how many groups are drawn")
    parser.add_argument("--seed", type=int, required=True, help="the same seed draws the same groups")
    parser.add_argument("--each", type=int, help="at most so many groups of one report (default: no limit)")
    parser.add_argument("--members", type=int, default=MEMBERS, help="functions shown with code (default: %(default)s)")
    parser.add_argument("--lines", type=int, default=LINES, help="lines shown of a function (default: %(default)s)")
    parser.add_argument("--format", choices=FORMATS, default="markdown", help="(default: %(default)s)")
    parser.add_argument("--output", type=Path, required=True, help="the file to write")
    options = parser.parse_args()
    try:
        drawn = draw([read_groups(one) for one in options.reports], options.number, options.seed, options.each)
        text = FORMATS[options.format]([shown(one, options.members, options.lines) for one in drawn])
        write_text(options.output, text)
    except AvatarError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    counts = Counter(one.project for one in drawn)
    print(f"{len(drawn)} groups: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
