"""A search space: the domains of the genes, which combinations are legal, and the encoding."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ConfigError, did_you_mean
from avatar.config.schema import SearchSpaceConfig
from avatar.data.records import Task
from avatar.space.architecture import TYPES, Architecture
from avatar.space.domains import Domain, cast, read_domain, value_problems
from avatar.space.genes import GENES, Columns

Indices = NDArray[np.int64]
"""Architectures as rows (n, genes): the index of each searched gene's value in `gene.values`."""

_RULED = tuple(GENES[name] for name in TYPES if GENES[name].ties)


class Architectures(Sequence[Architecture]):
    """Many architectures of one space, stored as an array; an `Architecture` is made on access."""

    def __init__(self, space: "SearchSpace", indices: Indices) -> None:
        self.space = space
        self.indices = indices

    @cached_property
    def columns(self) -> dict[str, NDArray[Any]]:
        """One array per gene: (n,) where it is searched, () where it is fixed."""
        return self.space.columns(self.indices)

    def take(self, rows: NDArray[Any]) -> "Architectures":
        """The architectures of `rows` (indices or a mask)."""
        return Architectures(self.space, self.indices[rows])

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, key: int) -> Architecture: ...
    @overload
    def __getitem__(self, key: slice) -> "Architectures": ...
    def __getitem__(self, key: int | slice) -> "Architecture | Architectures":
        if isinstance(key, slice):
            return Architectures(self.space, self.indices[key])
        return self.space.architecture(self.indices[key])


@dataclass(frozen=True)
class SearchSpace:
    """The searched genes, in the order of `Architecture`'s fields; `base` has the values of all others."""

    name: str
    genes: tuple[Domain, ...]
    base: Architecture

    @classmethod
    def from_config(cls, config: SearchSpaceConfig) -> "SearchSpace":
        """The space of a config; all its problems are in one ConfigError."""
        problems: list[str] = []
        genes: dict[str, Domain] = {}
        fixed: dict[str, Any] = {}
        for name, gene_config in config.genes.items():
            gene, gene_problems = read_domain(name, gene_config)
            problems += gene_problems
            if gene is not None:
                genes[name] = gene
        for name, raw in config.fixed.items():
            if name not in TYPES:
                problems.append(f"fixed.{name}: no gene is called '{name}' ({did_you_mean(name, TYPES)})")
            elif name in config.genes:
                problems.append(f"fixed.{name}: the gene is searched as well (genes.{name}); remove one of the two")
            else:
                fixed[name] = cast(name, raw)
                problems += [f"fixed.{name}: {problem}" for problem in value_problems(name, fixed[name])]
        if not config.genes:
            problems.append("genes is empty; to fix an architecture, give each gene a single choice")
        if problems:
            lines = "\n".join(f"  - {problem}" for problem in problems)
            raise ConfigError(
                f"the search space '{config.name}' is not valid:\n{lines}",
                "correct these settings of search_space",
                [f"search_space.{problem}" for problem in problems],
            )
        ordered = tuple(genes[name] for name in TYPES if name in genes)
        space = cls(config.name, ordered, Architecture(**fixed))
        if not space._has_legal_member():
            raise ConfigError(
                f"no architecture of the search space '{config.name}' is allowed",
                "; ".join(gene.rule for gene in _RULED),
            )
        return space

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the searched genes."""
        return tuple(gene.name for gene in self.genes)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """How many values each searched gene has."""
        return tuple(len(gene.values) for gene in self.genes)

    @cached_property
    def _base_columns(self) -> dict[str, NDArray[Any]]:
        return {name: np.asarray(value) for name, value in self.base.as_dict().items()}

    @property
    def combinations(self) -> int:
        """Product of `sizes`: all combinations, legal or not."""
        return int(np.prod([int(size) for size in self.sizes], dtype=object)) if self.sizes else 1

    def columns(self, indices: Indices) -> dict[str, NDArray[Any]]:
        """Values by gene: (n,) for searched genes, () for fixed ones."""
        columns = dict(self._base_columns)
        for column, gene in enumerate(self.genes):
            columns[gene.name] = gene.values[indices[..., column]]
        return columns

    def architecture(self, row: Indices) -> Architecture:
        """The architecture of one row of indices."""
        values = {gene.name: gene.values[index].item() for gene, index in zip(self.genes, row, strict=True)}
        return Architecture(**{**self.base.as_dict(), **values})

    def architectures(self, archs: Sequence[Architecture]) -> Architectures:
        """`archs` as one array; a value outside its gene's domain is a ConfigError."""
        if isinstance(archs, Architectures):
            return archs if archs.space is self else self._translated(archs)
        rows = np.empty((len(archs), len(self.genes)), dtype=np.int64)
        indices = [{value: index for index, value in enumerate(gene.values.tolist())} for gene in self.genes]
        for row, arch in enumerate(archs):
            for column, (gene, index_of) in enumerate(zip(self.genes, indices, strict=True)):
                value = getattr(arch, gene.name)
                if value not in index_of:
                    raise self._outside(gene, value)
                rows[row, column] = index_of[value]
        return Architectures(self, rows)

    def _translated(self, archs: "Architectures") -> "Architectures":
        """The same architectures, searched genes only, in this space's indices."""
        rows = np.empty((len(archs), len(self.genes)), dtype=np.int64)
        for column, gene in enumerate(self.genes):
            values = np.broadcast_to(archs.columns[gene.name], len(archs))
            order = np.argsort(gene.values)
            indices = order[np.searchsorted(gene.values[order], values).clip(max=len(order) - 1)]
            wrong = gene.values[indices] != values
            if wrong.any():
                raise self._outside(gene, values[wrong][0].item())
            rows[:, column] = indices
        return Architectures(self, rows)

    def _outside(self, gene: Domain, value: object) -> ConfigError:
        return ConfigError(
            f"{gene.name}={value!r} is not in the search space '{self.name}'",
            f"it has {len(gene.values)} values from {gene.values[0]} to {gene.values[-1]}",
        )

    def contains(self, arch: Architecture) -> bool:
        """Whether every searched gene of `arch` is in its domain and every fixed one has its value."""
        searched = {gene.name: gene for gene in self.genes}
        return all(
            value in searched[name].values.tolist() if name in searched else value == getattr(self.base, name)
            for name, value in arch.as_dict().items()
        )

    def is_legal(self, arch: Architecture) -> bool:
        """Whether a student can be built from `arch`, which may be outside this space."""
        return bool(legal({name: np.asarray(value) for name, value in arch.as_dict().items()}))

    def canonical(self, arch: Architecture, task: Task | None = None) -> Architecture:
        """`arch`, with each gene that makes no difference to its student set to a fixed value of the gene's domain.

        So equal students have equal architectures. `Gene.settle` decides.
        """
        return self.canonical_of(self.architectures([arch]), task)[0]

    def canonical_of(self, archs: Architectures, task: Task | None = None) -> Architectures:
        """`canonical` for many architectures."""
        indices = archs.indices.copy()
        columns = archs.columns
        for column, domain in enumerate(self.genes):
            GENES[domain.name].settle(indices[:, column], domain.values, columns, task)
        return Architectures(self, indices)

    def is_canonical(self, archs: Architectures, task: Task | None = None) -> NDArray[np.bool_]:
        """Which of `archs` are canonical, (n,)."""
        return (self.canonical_of(archs, task).indices == archs.indices).all(axis=1)

    @property
    def encoded_names(self) -> tuple[str, ...]:
        """Names of the columns of `encode`."""
        names: list[str] = []
        for gene in self.genes:
            names += [gene.name] if gene.is_number else [f"{gene.name}={value}" for value in gene.values]
        return tuple(names)

    def encode(self, archs: Sequence[Architecture]) -> NDArray[np.float64]:
        """(n, d) in [0, 1]: categories one-hot over sqrt(2), numbers on a logarithmic scale.

        So the distance of two different categories equals that of the two ends of a number. Equal students have equal
        rows.
        """
        known = self.canonical_of(self.architectures(archs))
        parts = [np.empty((len(known), 0))]
        for column_index, gene in enumerate(self.genes):
            if gene.is_number:
                column = GENES[gene.name].encoded(known.columns)
                values = GENES[gene.name].encoded_values(self.values)
                parts.append(_logarithmic(column, values)[:, None])
            else:
                parts.append(np.eye(len(gene.values))[known.indices[:, column_index]] / np.sqrt(2.0))
        return np.concatenate(parts, axis=1)

    def values(self, name: str) -> NDArray[Any]:
        """All values that the gene `name` can have: its domain, or the fixed value."""
        for gene in self.genes:
            if gene.name == name:
                return gene.values
        return np.asarray([getattr(self.base, name)])

    def _has_legal_member(self) -> bool:
        """Whether any combination is legal. The rules involve few genes, so their whole grid is small."""
        ruled = list(dict.fromkeys(name for gene in _RULED for name in gene.ties))
        lists = [GENES[name].representatives(self.values(name)) for name in ruled]
        grid = np.meshgrid(*lists, indexing="ij", sparse=True)
        return bool(legal(dict(zip(ruled, grid, strict=True))).any())


def legal(columns: Columns) -> NDArray[np.bool_]:
    """Which architectures can be built: those that satisfy the rule of every gene."""
    return np.asarray(reduce(np.logical_and, (gene.legal(columns) for gene in _RULED)))


def _logarithmic(column: NDArray[Any], values: NDArray[Any]) -> NDArray[np.float64]:
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.zeros(len(column))
    shift = 0.0 if low > 0 else 1.0 - low
    scaled = (np.log(column + shift) - np.log(low + shift)) / (np.log(high + shift) - np.log(low + shift))
    return np.asarray(scaled, np.float64)
