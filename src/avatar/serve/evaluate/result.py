"""The result of `avatar evaluate`."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """Scores of the student in `bundle` on the file `data`, by the metrics' names, and counts of what was read.

    `kind` is the kind of the data, `task` that of the student, `threshold` the probability from which on its answer is
    label 1; None if the scores need none. `notes` are sentences about the scores.
    """

    kind: str
    bundle: str
    data: str
    task: str
    scores: Mapping[str, float]
    counts: Mapping[str, int]
    threshold: float | None = None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
