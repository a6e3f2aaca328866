"""The latency model: exact where times are a sum of its parts, and correct about its error."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.common.errors import ConfigError
from avatar.data.records import Task
from avatar.measure.architecture_timing import time_architectures
from avatar.measure.latency_model import Quality, columns_of, fit_to, parts
from avatar.space.architecture import Architecture
from avatar.space.genes.layers import ACTIVATIONS
from avatar.space.genes.pooling import POOLINGS
from avatar.space.genes.position import POSITIONS


def sample(count: int, seed: int) -> list[Architecture]:
    random = np.random.default_rng(seed)
    archs = []
    for _ in range(count):
        heads = int(random.choice([1, 2, 4]))
        archs.append(
            Architecture(
                vocab_size=1000,
                layers=int(random.integers(0, 4)),
                hidden_size=heads * int(random.integers(4, 20)),
                heads=heads,
                intermediate_size=int(random.integers(32, 500)),
                max_length=int(random.integers(64, 200)),
                hidden_act=str(random.choice(ACTIVATIONS)),
                position=str(random.choice(POSITIONS)),
                pooling=str(random.choice(tuple(POOLINGS))),
            )
        )
    return archs


def invented(archs: list[Architecture], length: int) -> np.ndarray:
    """Times of a machine that obeys the model."""
    matrix = parts(columns_of(archs), length)
    return matrix @ np.linspace(0.05, 0.3, matrix.shape[1])


def test_times_that_are_a_sum_of_the_parts_are_predicted_exactly() -> None:
    archs, unseen = sample(80, 1), sample(30, 2)
    model = fit_to(archs, invented(archs, 100), Task.PAIR, 100, seed=1)
    quality = Quality.of(invented(unseen, 100), model.predict(unseen))
    assert quality.r2 > 0.999
    assert quality.median_error < 0.01
    assert model.quality.r2 > 0.99
    assert model.quality.architectures == 80


def test_random_times_get_a_low_quality() -> None:
    archs = sample(60, 1)
    times = np.random.default_rng(0).uniform(0.5, 5.0, 60)
    assert fit_to(archs, times, Task.PAIR, 100, seed=1).quality.r2 < 0.3


def test_columns_of_many_equal_columns_of_each() -> None:
    archs = sample(10, 3)
    together = parts(columns_of(archs), 90)
    assert np.array_equal(together, np.concatenate([parts(columns_of([arch]), 90) for arch in archs]))


@given(st.integers(0, 10_000))
def test_more_work_never_takes_less_time(seed: int) -> None:
    model = fit_to(SEEN, TIMES, Task.PAIR, 100, seed=1)
    arch = sample(1, seed)[0]
    larger = [
        replace(arch, layers=arch.layers + 1),
        replace(arch, intermediate_size=arch.intermediate_size * 2),
    ]
    assert (model.predict(larger) >= model.predict([arch]) * (1 - 1e-9)).all()
    assert model.predict([arch])[0] > 0


SEEN = sample(40, 5)
TIMES = invented(SEEN, 100) * np.random.default_rng(0).uniform(0.8, 1.2, 40)


def test_too_few_architectures_are_refused() -> None:
    with pytest.raises(ConfigError, match="3 architectures are too few"):
        fit_to(sample(3, 1), np.ones(3), Task.PAIR, 20, seed=1)


def test_a_model_of_one_task_is_refused_for_the_other() -> None:
    model = fit_to(SEEN, TIMES, Task.PAIR, 100, seed=1)
    assert np.array_equal(model.predictor(Task.PAIR)(SEEN), model.predict(SEEN))
    with pytest.raises(ConfigError, match="'pair', not 'function'"):
        model.predictor(Task.FUNCTION)(SEEN)
    assert model.predict([]).shape == (0,)


def test_real_times_grow_with_the_work() -> None:
    small = Architecture(vocab_size=100, layers=1, hidden_size=16, heads=1, intermediate_size=16, max_length=64)
    large = replace(small, layers=8, hidden_size=128, intermediate_size=512)
    fast, slow = time_architectures([small, large], Task.PAIR, 64, seed=1, seconds=0.0)
    assert 0 < fast < slow
