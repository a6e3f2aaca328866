"""What a kind of data is: its columns, the students that it fits, and how they are scored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avatar.common.registry import Registry
from avatar.serve.evaluate.functions import CodeText
from avatar.serve.predictor import Predictor


@dataclass(frozen=True)
class Example:
    """One row of the file: its functions, and its label or the name of its group ("" if the kind has none)."""

    functions: tuple[CodeText, ...]
    answer: int | str = ""


@dataclass(frozen=True)
class Scored:
    """Scores by the names of metrics, counts of what was read, and sentences about the scores.

    `threshold` is that of the answers; None if the scores need none.
    """

    scores: Mapping[str, float]
    counts: Mapping[str, int]
    notes: tuple[str, ...] = ()
    threshold: float | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of data.

    Each row has a function in each of the columns `codes`, and its answer in the column `answer`, "" if it has none.
    `read_answer` reads it from a row, the column and the location, and raises a DataError if it is wrong. A column
    `language` is optional. `tasks` are those of the students that `score` accepts.
    """

    title: str
    codes: tuple[str, ...]
    tasks: tuple[str, ...]
    score: Callable[[Predictor, Sequence[Example]], Scored]
    answer: str = ""
    read_answer: Callable[[Mapping[str, Any], str, str], int | str] | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns that each row must have."""
        return (*self.codes, self.answer) if self.answer else self.codes


KINDS: Registry[Kind] = Registry("kind of data")
