"""Records of a data set: functions, examples (one or two functions with a label), and the corpus of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from avatar.code.text import DOCSTRINGS_KEPT, TextRules


class Task(StrEnum):
    """What a student answers: the label of a function (vulnerable or not), that of a pair (clones or not), or a vector.

    The vectors of functions that are clones of each other are near each other.
    """

    FUNCTION = "function"
    PAIR = "pair"
    EMBEDDING = "embedding"

    @property
    def arity(self) -> int:
        """Number of functions in one example."""
        return 2 if self is Task.PAIR else 1

    @property
    def grouped(self) -> bool:
        """Whether an example's label is the number of its group of clones; then the student answers with a vector."""
        return self is Task.EMBEDDING


class SplitName(StrEnum):
    """The four parts of a corpus. The teacher learns from the labelled one, the student from the unlabelled one."""

    LABELED = "train_labeled"
    UNLABELED = "train_unlabeled"
    VALID = "valid"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Function:
    """One function's source text. `id` is unique in its corpus.

    `group` is its project, its module or its group of clones, `language` a name such as "java"; "" if unknown.
    """

    id: str
    code: str
    group: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled function, by id. `label` is 0 or 1 (1: vulnerable), or the number of its group of clones."""

    function: str
    label: int

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the functions of this example."""
        return (self.function,)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two functions, by id. `label` is 0 or 1 (1: clones)."""

    first: str
    second: str
    label: int

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the functions of this example, in order."""
        return (self.first, self.second)


Example = Sample | Pair


@dataclass(frozen=True)
class Corpus:
    """A data set: every function once, and the examples of each split in file order.

    `notes` are sentences for the report (dropped rows, origin of the data). If a split keeps only some rows of
    its source, `rows` has the source row of each example and `source_rows` the number of source rows; any other
    split is whole and in source order. `text` are the rules by which the functions' texts were made. `languages`
    is empty if they are unknown. `fixes` has the functions before and after each fix of a vulnerability, by id.
    `twins` is the rule by which two functions are twins (`data.twins`), `split` how they were divided
    (`data.divisions`).
    """

    name: str
    task: Task
    functions: Mapping[str, Function]
    splits: Mapping[SplitName, Sequence[Example]]
    notes: tuple[str, ...] = ()
    rows: Mapping[SplitName, NDArray[np.int64]] = field(default_factory=dict)
    source_rows: Mapping[SplitName, int] = field(default_factory=dict)
    num_labels: int = 2
    text: TextRules = DOCSTRINGS_KEPT
    languages: tuple[str, ...] = ()
    fixes: tuple[tuple[str, str], ...] = ()
    twins: str = "text"
    split: str = "given"

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of each function id in `functions`, in their order."""
        return {name: row for row, name in enumerate(self.functions)}

    def members(self, split: SplitName) -> NDArray[np.int64]:
        """Function rows of each example, (examples, arity)."""
        row_of = self.row_of
        rows = [[row_of[name] for name in example.ids] for example in self.splits[split]]
        return np.asarray(rows, dtype=np.int64).reshape(len(rows), self.task.arity)

    def labels(self, split: SplitName) -> NDArray[np.int64]:
        """True label of each example, (examples,)."""
        return np.asarray([example.label for example in self.splits[split]], dtype=np.int64)

    @cached_property
    def all_languages(self) -> list[str]:
        """Language of every function, by row: its own, or the first one of the corpus; "" if unknown."""
        default = self.languages[0] if self.languages else ""
        return [function.language or default for function in self.functions.values()]

    def fix_rows(self, split: SplitName) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Rows of the examples before and after each fix of which both are in `split`, (fixes,); None without fixes."""
        rows = {(example.ids[0], example.label): row for row, example in enumerate(self.splits[split])}
        both = [
            (rows[before, 1], rows[after, 0])
            for before, after in (self.fixes if rows else ())
            if (before, 1) in rows and (after, 0) in rows
        ]
        before_rows, after_rows = np.asarray(both, dtype=np.int64).reshape(-1, 2).T
        return (before_rows, after_rows) if both else None

    def function_languages(self, split: SplitName) -> list[str]:
        """Language of the first function of each example; "" if unknown."""
        return [self.functions[example.ids[0]].language for example in self.splits[split]]
