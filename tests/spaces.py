"""Small search spaces and contexts for tests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from avatar.config.schema import GeneConfig, SearchSpaceConfig
from avatar.data.records import Task
from avatar.search.objectives import OBJECTIVES, SearchContext
from avatar.space.architecture import Architecture
from avatar.space.budgets import Budgets
from avatar.space.space import SearchSpace

CONF = Path(__file__).parent.parent / "conf" / "search_space"

SMALL = {
    "vocab_size": GeneConfig(low=1000, high=8000, step=500),
    "layers": GeneConfig(low=0, high=3),
    "hidden_size": GeneConfig(low=16, high=96, step=16),
    "heads": GeneConfig(choices=[1, 3, 4]),
    "intermediate_size": GeneConfig(low=32, high=256, step=32),
    "position": GeneConfig(choices=["absolute", "none", "relative_key"]),
}


def read_config(name: str) -> SearchSpaceConfig:
    """The config of a shipped space."""
    content = yaml.safe_load((CONF / f"{name}.yaml").read_text(encoding="utf-8"))
    genes = {gene: GeneConfig(**values) for gene, values in content["genes"].items()}
    return SearchSpaceConfig(content["name"], genes, content["fixed"])


def read_space(name: str) -> SearchSpace:
    """A shipped space."""
    return SearchSpace.from_config(read_config(name))


def small_space(genes: dict[str, GeneConfig] | None = None, **fixed: object) -> SearchSpace:
    """Some thousand architectures, with every tie between genes that legality knows."""
    fixed = {"pooling": "mean", "max_length": 64, **fixed}
    return SearchSpace.from_config(SearchSpaceConfig("small", genes or SMALL, fixed))


def context(space: SearchSpace, budgets: Budgets | None = None, seed: int = 0, task: Task = Task.PAIR) -> SearchContext:
    """A search with a made-up accuracy that likes some values and dislikes others."""
    weights = np.random.default_rng(seed).normal(size=len(space.encoded_names))

    def accuracy(archs: Sequence[Architecture]) -> NDArray[np.float64]:
        encoded = space.encode(archs)
        return np.asarray(1.0 / (1.0 + np.exp(-(encoded @ weights + 0.3 * np.sin(9.0 * encoded).sum(axis=1)))))

    return SearchContext(space, task, budgets or Budgets(mb=0.4), {"accuracy": accuracy})


THREE = [OBJECTIVES.get(name) for name in ("accuracy", "size", "flops")]
