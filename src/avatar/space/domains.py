"""The domain of one gene in a search space: a range of whole numbers, or a list of values."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import did_you_mean
from avatar.config.schema import GeneConfig
from avatar.space.architecture import TYPES
from avatar.space.genes import GENES


@dataclass(frozen=True)
class Integer:
    """Whole numbers from `low` to `high` by `step`, both ends included."""

    name: str
    low: int
    high: int
    step: int = 1

    @cached_property
    def values(self) -> NDArray[Any]:
        """All values, ascending."""
        return np.arange(self.low, self.high + 1, self.step)

    @property
    def is_number(self) -> bool:
        """Whether the values are numbers."""
        return True


@dataclass(frozen=True)
class Categorical:
    """A list of values; numbers are sorted, names keep their order."""

    name: str
    choices: tuple[Any, ...]

    @cached_property
    def values(self) -> NDArray[Any]:
        """All values, in order."""
        return np.asarray(self.choices)

    @property
    def is_number(self) -> bool:
        """Whether the values are numbers."""
        return not isinstance(self.choices[0], str)


Domain = Integer | Categorical


def read_domain(name: str, config: GeneConfig) -> tuple[Domain | None, list[str]]:
    """The domain that `config` describes, or None and all problems of `config`."""
    if name not in TYPES:
        return None, [f"genes.{name}: no gene is called '{name}' ({did_you_mean(name, TYPES)})"]
    ranged = config.low is not None or config.high is not None
    if ranged == (config.choices is not None):
        return None, [f"genes.{name}: give either choices, or low and high"]
    if config.choices is not None:
        return _read_choices(name, config.choices)
    if TYPES[name] != "int":
        return None, [f"genes.{name}: a {TYPES[name]} gene needs choices, not a range"]
    if config.low is None or config.high is None:
        return None, [f"genes.{name}: a range needs both low and high"]
    problems = []
    if config.low > config.high:
        problems.append(f"genes.{name}: low {config.low} is above high {config.high}")
    if config.step < 1:
        problems.append(f"genes.{name}: step {config.step} must be at least 1")
    problems += [f"genes.{name}: low {problem}" for problem in value_problems(name, config.low)]
    return (None, problems) if problems else (Integer(name, config.low, config.high, config.step), [])


def value_problems(name: str, value: Any) -> list[str]:
    """The problems of `value` for the gene `name`; empty if it is legal."""
    problem = GENES[name].problem(value)
    return [] if problem is None else [problem]


def cast(name: str, value: Any) -> Any:
    """`value` in the type of the gene `name` (YAML reads 1e-3 as text and 1 as a whole number)."""
    if TYPES[name] == "float" and isinstance(value, (int, str)) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _read_choices(name: str, choices: list[Any]) -> tuple[Domain | None, list[str]]:
    values = [cast(name, value) for value in choices]
    problems = [f"genes.{name}: {problem}" for value in values for problem in value_problems(name, value)]
    if not values:
        problems.append(f"genes.{name}: choices is empty")
    if len(set(map(str, values))) != len(values):
        problems.append(f"genes.{name}: a choice is listed twice")
    if problems:
        return None, problems
    return Categorical(name, tuple(values if isinstance(values[0], str) else sorted(values))), []
