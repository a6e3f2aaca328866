"""What a scan found: plain data that every output format reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from avatar.serve.scan.source_files import Skipped


@dataclass(frozen=True, slots=True)
class Location:
    """A function in a file. `file` is relative to the scanned folder; lines count from 1, both ends included.

    `key` is a digest of its language and its text up to whitespace: equal keys are exact duplicates.
    `code_lines` are lines that are not blank, `words` are names, numbers and signs. `overload` tells functions of
    one name in a file apart (see `overloads`).
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


@dataclass(frozen=True, slots=True)
class FileOutline:
    """What a file holds; `note` says what was not understood, `skipped` why none of it is looked at."""

    places: tuple[Location, ...] = ()
    note: str = ""
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A group of clones, or one suspicious function.

    `probability` is the mean of the pairs that hold a group together, `highest` the largest of them; of one
    function they are the same. `exact`: all members are equal up to whitespace. `changed` are the members that
    differ from the revision the scan was limited by, in the order of `functions`, and come first there.
    """

    functions: tuple[Location, ...]
    probability: float
    highest: float
    exact: bool = False
    changed: int = 0

    @property
    def rank(self) -> float:
        """Size times similarity: what is worth looking at first."""
        return len(self.functions) * self.probability


@dataclass(frozen=True)
class Counts:
    """How much was looked at, and what of it was new to the cache."""

    files: int = 0
    files_parsed: int = 0
    functions: int = 0
    functions_too_small: int = 0
    functions_distinct: int = 0
    functions_encoded: int = 0
    comparisons: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class ScanReport:
    """Result of one scan of the folder `root`; findings come in the order of their rank.

    `task` is the bundle's, `label` its name for what is looked for, `threshold` the least probability that
    counts. `notes` are about files that were read, but not wholly understood, `warnings` about the student
    and what it was asked. `repository` is the top folder of the
    git repository that `root` lies in; empty where it lies in none.
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
    since: str | None = None
    bundle: str = ""
    repository: str = ""

    @property
    def highest(self) -> float:
        """The highest probability of all findings; 0 where there is none."""
        return max((finding.highest for finding in self.findings), default=0.0)
