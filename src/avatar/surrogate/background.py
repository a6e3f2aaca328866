"""What earlier trainings say about the data set at hand: the table of trainings on common scales.

A session is what can be compared: trainings on one data set with one recipe and one length. Within each session, scores
are standardised on the logit scale, so that sessions of easy and of hard data sets teach the same thing: which
architectures are better than others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.space.architecture import TYPES, Architecture
from avatar.space.cost import params_of
from avatar.space.genes import GENES
from avatar.space.space import Architectures
from avatar.surrogate.base import to_logit
from avatar.surrogate.descriptors import Descriptors
from avatar.surrogate.trainings import Training

FEWEST = 4
"""Sessions with fewer architectures are not used: nothing can be said about their mean and spread."""
WIDEST = 2.5
"""Standardised scores are limited to this: how far a collapsed student is below the others means nothing."""
LEAST_SPREAD = 0.02
"""Smallest standard deviation of a session, in log odds."""
PARAMETERS = "parameters"
"""The column of the number of parameters, which is no gene."""


@dataclass(frozen=True)
class Situation:
    """The data set at hand, and how long its candidates are trained."""

    about: Descriptors
    examples: int
    epochs: int

    def as_vector(self) -> NDArray[np.float64]:
        """Numbers (11,): those of the data set, and of the length of the training."""
        length = np.log([self.examples, self.epochs])
        return np.concatenate([self.about.as_vector(), length])


@dataclass(frozen=True, eq=False)
class Background:
    """Recorded trainings, and the situation in which their lesson is needed.

    `features` (n, d) encode the architectures of the trainings, `sessions` (n,) number their sessions, `targets` (n,)
    are their standardised scores. `situations` (sessions + 1, q) describe the sessions and, in the last row, the one at
    hand.
    """

    columns: "Columns"
    task: Task
    features: NDArray[np.float64]
    sessions: NDArray[np.int64]
    targets: NDArray[np.float64]
    situations: NDArray[np.float64]

    @classmethod
    def of(cls, trainings: Sequence[Training], here: Situation, task: Task) -> "Background":
        """The lesson of `trainings` for a data set of `task`; those of sessions that are too small are left out."""
        by_session: dict[tuple[object, ...], list[Training]] = {}
        for training in trainings:
            by_session.setdefault(training.session, []).append(training)
        kept = [rows for rows in by_session.values() if len({row.arch for row in rows}) >= FEWEST]
        archs = [row.arch for rows in kept for row in rows]
        columns = Columns.of(archs)
        encoded = [columns.encode([row.arch for row in rows], _task(rows[0].about)) for rows in kept]
        about = [Situation(rows[0].about, rows[0].examples, rows[0].epochs).as_vector() for rows in kept]
        scores = [standardised(np.asarray([row.score for row in rows])) for rows in kept]
        return cls(
            columns,
            task,
            np.concatenate(encoded) if encoded else np.empty((0, columns.width)),
            np.repeat(np.arange(len(kept)), [len(rows) for rows in kept]),
            np.concatenate(scores) if scores else np.empty(0),
            _comparable(np.stack([*about, here.as_vector()])),
        )

    def encode(self, archs: Sequence[Architecture]) -> NDArray[np.float64]:
        """Rows (n, d) of architectures at hand, in the columns of `features`."""
        return self.columns.encode(archs, self.task)


@dataclass(frozen=True)
class Columns:
    """How architectures of any space become rows: numbers as logarithms, names one-hot, and the parameters.

    Genes that make no difference to a student have a fixed value. `scales` has the mean and the spread of each number,
    `names` the values of each name.
    """

    scales: Mapping[str, tuple[float, float]]
    names: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, archs: Sequence[Architecture]) -> "Columns":
        """The columns for trainings of `archs`; a number that does not differ among them has the spread 1."""
        names = {gene: tuple(sorted({getattr(arch, gene) for arch in archs})) for gene in TYPES if TYPES[gene] == "str"}
        scales = {}
        for name, column in _numbers(_columns(archs), Task.PAIR).items():
            spread = float(column.std()) if len(column) else 0.0
            scales[name] = (float(column.mean()) if len(column) else 0.0, spread if spread > 1e-9 else 1.0)
        return cls(scales, names)

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.scales) + sum(map(len, self.names.values()))

    def encode(self, archs: Sequence[Architecture], task: Task) -> NDArray[np.float64]:
        """Rows (n, width). A name that no training has is 0 in every column of its gene."""
        columns = _columns(archs)
        numbers = _numbers(columns, task)
        parts = [(numbers[name] - mean) / spread for name, (mean, spread) in self.scales.items()]
        for gene, values in self.names.items():
            parts += [(columns[gene] == value).astype(np.float64) for value in values]
        return np.stack(parts, axis=1) if len(archs) else np.empty((0, self.width))


def _columns(archs: Sequence[Architecture]) -> dict[str, NDArray[Any]]:
    """Values by gene, (n,) each; of millions of architectures without a loop over them."""
    if isinstance(archs, Architectures):
        return {gene: np.broadcast_to(column, len(archs)) for gene, column in archs.columns.items()}
    kinds = {"str": object}
    return {
        gene: np.asarray([getattr(arch, gene) for arch in archs], dtype=kinds.get(kind, kind))
        for gene, kind in TYPES.items()
    }


def _numbers(columns: Mapping[str, NDArray[Any]], task: Task) -> dict[str, NDArray[np.float64]]:
    """Logarithm of each gene that is a number, and of the number of parameters, (n,) each."""
    layers = columns["layers"]
    numbers = {}
    for gene, kind in TYPES.items():
        if kind == "str":
            continue
        column = np.asarray(GENES[gene].encoded(columns), dtype=np.float64)
        column = np.log1p(column) if kind == "int" else np.log(np.maximum(column, 1e-6))
        numbers[gene] = np.where(layers == 0, 0.0, column) if GENES[gene].needs_layers else column
    numbers[PARAMETERS] = np.log(np.maximum(params_of(columns, task), 1).astype(np.float64))
    return numbers


def standardised(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores (n,) in [0, 1] on the logit scale with mean 0 and standard deviation 1, limited to `WIDEST`."""
    logits = to_logit(scores)
    centre, spread = centre_and_spread(logits)
    return np.clip((logits - centre) / spread, -WIDEST, WIDEST)


def centre_and_spread(logits: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and standard deviation without the students that are far below; the latter is at least `LEAST_SPREAD`."""
    median = np.median(logits)
    usual = 1.4826 * np.median(np.abs(logits - median))
    near = logits[np.abs(logits - median) <= max(4 * usual, LEAST_SPREAD)]
    return float(near.mean()), max(float(near.std()), LEAST_SPREAD)


def _task(about: Descriptors) -> Task:
    return Task.PAIR if about.arity == Task.PAIR.arity else Task.FUNCTION


def _comparable(situations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column with the standard deviation 1, or 0 where all are equal, over the root of the number of columns."""
    spread = situations.std(axis=0)
    scaled = (situations - situations.mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0)
    return np.asarray(scaled / np.sqrt(situations.shape[1]))
