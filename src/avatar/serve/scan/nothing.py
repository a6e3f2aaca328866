"""What a scan says that has looked at nothing: no finding is then no good news."""

from collections.abc import Collection, Sequence
from pathlib import Path

from avatar.code.languages import language_of_file, titles
from avatar.common.errors import DataError
from avatar.common.printable import printable
from avatar.common.walking import folders_below
from avatar.serve.languages import title
from avatar.serve.scan.findings import Counts
from avatar.serve.scan.source_files import Skipped

MOST_FILES = 10_000
"""Files that are counted."""


def nothing_to_scan(path: Path, languages: Collection[str]) -> DataError:
    """The error for a path without a source file that a scan would read."""
    wanted = " or ".join(map(title, languages)) if languages else titles()
    left_out = _source_files(path, languages)
    if left_out:
        number = f"{MOST_FILES:,} or more" if left_out == MOST_FILES else f"{left_out:,}"
        return DataError(
            f"nothing was scanned: all source files below {path} are left out ({number}), because they are hidden, "
            "ignored by git, or in a folder of third-party code",
            "name a folder or file that is left out, and it is scanned",
        )
    return DataError(f"nothing was scanned: there is no file in {wanted} below {path}", "give the path of source code")


def nothing_read(skipped: Sequence[Skipped]) -> DataError:
    """The error of a scan with --fail-on all of whose files were left out: that no finding fails proves nothing."""
    shown = "; ".join(f"{printable(one.name)}: {printable(one.reason)}" for one in skipped[:3])
    more = f"; and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    return DataError(
        f"--fail-on cannot decide, because all files were left out: {shown}{more}", "name a path with other source code"
    )


def nothing_scanned(counts: Counts, skipped: int) -> str:
    """The warning of a scan that compared no function."""
    files = f"{counts.files} files" if counts.files != 1 else "1 file"
    reasons = [f"{skipped} of {files} left out"] if skipped else [files]
    if counts.functions_too_small:
        reasons.append(f"{counts.functions_too_small} functions too small (--min-lines, --min-words)")
    return f"no function was scanned: {', '.join(reasons)}"


def _source_files(path: Path, languages: Collection[str]) -> int:
    """Files in one of the languages below `path`, ignored or not."""
    count = 0
    for _, names, _ in folders_below(path, lambda folder: folder.name != ".git"):
        found = (language_of_file(name) for name in names)
        count += sum(one is not None and (not languages or one in languages) for one in found)
        if count >= MOST_FILES:
            return MOST_FILES
    return count
