"""Which lines differ from a git revision. Git is asked; no hook, filter or driver of the repository is run."""

import ast
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from avatar.common.errors import AvatarError, DataError

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=true")
SECONDS = 120

Ranges = Sequence[tuple[int, int]]
"""First and last line, from 1, both ends included."""


def changed_lines(folder: Path, revision: str) -> Mapping[Path, Ranges]:
    """By full path: lines of the working tree that differ from `revision`, in all of the repository of `folder`.

    A file that git does not know yet is changed as a whole; where lines were only removed, the two around them
    count. No git, no repository and an unknown revision are errors that say so.
    """
    top = Path(_git(folder, "rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").strip())
    if revision.startswith("-"):
        raise DataError(f"'{revision}' is no git revision", "give a branch, a tag or a commit, such as HEAD~1")
    commit = (
        _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}").decode().strip()
    )
    options = ("--unified=0", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-prefix")
    diff = _git(top, *_without_filters(top), "diff", *options, "--ignore-submodules", commit, "--")
    changed = {top / name: ranges for name, ranges in parse_diff(diff).items()}
    new = _git(top, "ls-files", "-z", "--others", "--exclude-standard")
    for name in filter(None, new.split(b"\x00")):
        changed[top / name.decode("utf-8", "surrogateescape")] = [(1, 10**9)]
    return changed


def _without_filters(top: Path) -> list[str]:
    """Options that switch off the programs which the repository's settings name for reading files."""
    names = _git(top, "config", "--null", "--name-only", "--get-regexp", r"^filter\.", allowed=(0, 1)).decode()
    switches = []
    for name in filter(None, names.split("\x00")):
        if name.endswith((".clean", ".process", ".smudge")):
            switches += ["-c", f"{name}="]
        elif name.endswith(".required"):
            switches += ["-c", f"{name}=false"]
    return switches


def parse_diff(diff: bytes) -> dict[str, list[tuple[int, int]]]:
    """Changed lines by name of the new file, from `git diff --unified=0 --no-prefix`."""
    changed: dict[str, list[tuple[int, int]]] = {}
    ranges: list[tuple[int, int]] = []
    skip = 0
    for line in diff.split(b"\n"):
        if skip and not line.startswith(b"\\"):
            skip -= 1
        elif line.startswith(b"+++ "):
            ranges = changed.setdefault(_file_name(line[4:]), [])
        elif match := _HUNK.match(line):
            removed, start, added = (int(part) if part is not None else 1 for part in match.groups())
            skip = removed + added
            ranges.append((start, start + added - 1) if added else (start, start + 1))
    changed.pop("/dev/null", None)
    return changed


def _file_name(text: bytes) -> str:
    text = text.rstrip(b"\t\r")
    if text.startswith(b'"'):
        text = ast.literal_eval("b" + text.decode("latin-1"))  # git quotes as C does: \" \\ \t \303
    return text.decode("utf-8", "surrogateescape")


def touches(ranges: Ranges, first: int, last: int) -> bool:
    """Whether lines `first` to `last` have one in common with `ranges`."""
    return any(start <= last and first <= end for start, end in ranges)


def _git(folder: Path, *arguments: str, allowed: Sequence[int] = (0,)) -> bytes:
    command = ["git", "--no-optional-locks", *_SAFE, *arguments]
    try:
        answer = subprocess.run(command, cwd=folder, capture_output=True, timeout=SECONDS, check=False)
    except FileNotFoundError as error:
        raise AvatarError(
            "--since needs git, which is not installed", "install git, or scan without --since"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise AvatarError(f"git took longer than {SECONDS} s", "scan without --since") from error
    if answer.returncode not in allowed:
        said = answer.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        if "rev-parse" in arguments and "--verify" in arguments:
            said = f"git knows no revision '{arguments[-1].removesuffix('^{commit}')}'"
        raise DataError(said or "git failed", "--since needs a git repository and a revision of it, such as HEAD~1")
    return answer.stdout
