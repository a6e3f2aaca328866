"""Which examples a student learns from, and with what labels."""

import numpy as np
import pytest

from avatar.checks.preflight import check
from avatar.common.errors import ConfigError
from avatar.config.schema import Config, DistillConfig
from avatar.data.batching import TokenTable
from avatar.data.records import Corpus, Function, Sample, SplitName, Task
from avatar.student.distillation import distillation_examples


def corpus() -> Corpus:
    functions = {str(row): Function(str(row), f"f{row}()") for row in range(8)}
    halves = {SplitName.LABELED: range(4), SplitName.UNLABELED: range(4, 8)}
    splits = {split: tuple(Sample(str(row), row % 2) for row in rows) for split, rows in halves.items()}
    return Corpus("tiny", Task.FUNCTION, functions, splits)


def members(**changes: bool) -> tuple[list[int], list[bool]]:
    tokens = TokenTable.from_lists([[3]] * 8, 0, 1)
    soft = np.asarray([[0.0, 1.0]] * 4, dtype=np.float32)
    found = distillation_examples(corpus(), tokens, soft, DistillConfig(**changes))
    assert found.soft is not None
    return found.members[:, 0].tolist(), np.isfinite(found.soft).all(axis=1).tolist()


def test_halves_come_as_the_recipe_says() -> None:
    assert members() == ([4, 5, 6, 7], [True] * 4)
    assert members(use_labeled=True) == ([4, 5, 6, 7, 0, 1, 2, 3], [True] * 4 + [False] * 4)
    assert members(use_labeled=True, use_unlabeled=False) == ([0, 1, 2, 3], [False] * 4)


def test_nothing_to_learn_from_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="needs something to learn from"):
        check(Config(distill=DistillConfig(use_unlabeled=False)))
