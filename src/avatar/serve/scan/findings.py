"""The result of a scan: plain data that every output format reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from avatar.serve.scan.source_files import Skipped


@dataclass(frozen=True, slots=True)
class Location:
    """A function in a file. `file` is relative to the scanned folder; lines count from 1, both ends included.

    `key` is a digest of its language and its text up to whitespace: equal keys are exact duplicates.
    `code_lines` counts lines that are not blank, `words` counts names, numbers and signs. `overload` separates
    functions of one name in a file (see `overloads`). `form` is a value of `avatar.code.function_forms.Form`, or empty.
    `body_line` is the line of the first statement; 0 if it is not known.
    """

    file: str
    name: str
    first_line: int
    last_line: int
    language: str
    key: str
    code_lines: int
    words: int
    overload: str = ""
    form: str = ""
    body_line: int = 0


@dataclass(frozen=True, slots=True)
class FileOutline:
    """The functions of a file. `note` says what could not be parsed, `skipped` why the file was left out."""

    locations: tuple[Location, ...] = ()
    note: str = ""
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A group of clones, or one suspicious function.

    `probability` is the mean over the pairs of clones in the group, `highest` the largest of them; for one
    function they are the same. `exact`: all members are equal up to whitespace. `changed` counts the members that
    changed since the revision of `--since`; they come first in `functions`. `kind` is a value of `CloneKind`; empty if
    the student does not tell. `copies`: if not 0, the members are folders, files or classes, and this number of groups
    of clones in them is shown as this one finding.
    """

    functions: tuple[Location, ...]
    probability: float
    highest: float
    exact: bool = False
    changed: int = 0
    kind: str = ""
    copies: int = 0

    @property
    def rank(self) -> float:
        """Findings are sorted by it, highest first: the words that all but one member repeat, times the probability."""
        sizes = [one.words for one in self.functions]
        return (sum(sizes) - max(sizes)) * self.probability


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`count` functions or groups that are not reported, `what` they are, and the `option` that shows them."""

    what: str
    count: int
    option: str


@dataclass(frozen=True)
class Counts:
    """How much was scanned, and how much of it was not in the cache. `files_read`: without those left out."""

    files: int = 0
    files_read: int = 0
    files_parsed: int = 0
    functions: int = 0
    functions_too_small: int = 0
    functions_distinct: int = 0
    functions_encoded: int = 0
    comparisons: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class ScanReport:
    """Result of one scan of the folder `root`; the finding of the highest rank comes first.

    `task` is the bundle's task, `label` its name of the class that is searched, `threshold` the lowest probability of
    a finding. `notes` name files that were parsed only in part. `warnings` say where the student may be unreliable.
    `left_out` counts what the rules leave out. `repository` is the top folder of the git repository around `root`;
    empty if there is none.
    """

    root: str
    task: str
    label: str
    threshold: float
    findings: tuple[Finding, ...]
    counts: Counts
    skipped: Sequence[Skipped] = ()
    notes: Sequence[Skipped] = ()
    warnings: Sequence[str] = ()
    left_out: Sequence[LeftOut] = ()
    since: str | None = None
    bundle: str = ""
    repository: str = ""

    @property
    def highest(self) -> float:
        """The highest probability of all findings; 0 if there are none."""
        return max((finding.highest for finding in self.findings), default=0.0)
