"""Chooses the winner from a front by a given rule, and states the reason."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError
from avatar.common.registry import Registry
from avatar.search.objectives import Objective, minimised
from avatar.search.result import SearchResult

RUNNERS_UP = 3


@dataclass(frozen=True)
class Winner:
    """Index of the winner in `SearchResult.architectures`, the reason, and the next best by the same rule."""

    index: int
    sentence: str
    runners_up: tuple[int, ...]


Scores = Callable[[NDArray[np.float64], NDArray[np.float64], int], NDArray[np.float64]]
"""From losses (n, objectives), weights (objectives,) and the column of accuracy to (n,); the smallest wins."""


@dataclass(frozen=True)
class Rule:
    """How the winner is chosen. `reason` completes "it is chosen as ..." for the report."""

    reason: str
    scores: Scores


RULES: Registry[Rule] = Registry("rule")
RULES.register("accurate")(
    Rule(
        "the most accurate one within the budgets (the cheapest of equally accurate ones)",
        lambda losses, weights, accuracy: losses[:, accuracy],
    )
)
RULES.register("knee")(
    Rule(
        "the knee of the front (the point closest to the best values of all objectives at once)",
        lambda losses, weights, accuracy: np.asarray(np.linalg.norm(_scaled(losses), axis=1)),
    )
)
RULES.register("scalarised")(
    Rule(
        "the one with the smallest weighted sum of the objectives, each scaled to [0, 1] over the front",
        lambda losses, weights, accuracy: np.asarray(_scaled(losses) @ weights),
    )
)


def choose(
    result: SearchResult,
    objectives: Sequence[type[Objective]],
    rule: str = "accurate",
    weights: Mapping[str, float] | None = None,
) -> Winner:
    """The winner of `result.front` by `rule`: accurate, knee, or scalarised (with `weights`, 1 by default).

    Of equally good ones, the one with the smaller scaled sum of all objectives wins, then the one evaluated first.
    An empty front is a ConfigError.
    """
    names = [objective.name for objective in objectives]
    chosen_rule = RULES.get(rule)
    if not len(result.front):
        raise ConfigError("the search found no architecture", "raise search.evaluations or a budget")
    if rule == "accurate" and "accuracy" not in names:
        raise ConfigError(
            "search.rule=accurate needs accuracy among search.objectives", "add it, or set search.rule=knee"
        )
    losses = minimised(result.front_values, objectives)
    given = weights or {}
    weighting = np.asarray([given.get(name, 1.0) for name in names])
    column = names.index("accuracy") if "accuracy" in names else 0
    scores = chosen_rule.scores(losses, weighting, column)
    order = np.lexsort((np.arange(len(scores)), _scaled(losses).sum(axis=1), scores))
    ranked = [int(result.front[index]) for index in order]
    winner = ranked[0]
    text = (
        f"Of {len(result.front)} architectures on the front (the best trade-offs), "
        f"'{result.architectures[winner]}' is chosen as {chosen_rule.reason}: {values_of(result, winner, objectives)}."
    )
    if rule == "scalarised":
        shown = [f"{name} {weight:g}" for name, weight in zip(names, weighting, strict=True)]
        text += f" Weights: {', '.join(shown)}."
    if len(ranked) > 1:
        text += (
            f" The second best is '{result.architectures[ranked[1]]}' with {values_of(result, ranked[1], objectives)}."
        )
    return Winner(winner, text, tuple(ranked[1 : 1 + RUNNERS_UP]))


def _scaled(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """`losses` with each column scaled from 0 (best on the front) to 1 (worst)."""
    spread = np.ptp(losses, axis=0)
    return np.asarray((losses - losses.min(axis=0)) / np.where(spread > 0, spread, 1.0))


def values_of(result: SearchResult, index: int, objectives: Sequence[type[Objective]]) -> str:
    """The objectives of one architecture in words, with units."""
    shown = zip(objectives, result.values[index], strict=True)
    return ", ".join(
        f"{objective.name} {value:.4g}{' ' + objective.unit if objective.unit else ''}" for objective, value in shown
    )
