from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.data.records import Task
from avatar.measure.flops import by_torch, example_inputs
from avatar.space.architecture import Architecture
from avatar.space.cost import count_flops, count_params, flops_of, params_of, weights_mb
from avatar.space.genes.head import HEADS
from avatar.space.genes.pooling import POOLINGS
from avatar.space.genes.position import POSITIONS
from avatar.student.encoder import StudentModel

ARCHITECTURES = st.builds(
    lambda width, heads, **genes: Architecture(hidden_size=width * heads, heads=heads, **genes),
    width=st.integers(2, 5),  # torch multiplies single numbers without a matrix product, which is not counted
    heads=st.integers(1, 3),
    vocab_size=st.integers(10, 50),
    layers=st.integers(0, 2),
    intermediate_size=st.integers(1, 20),
    max_length=st.integers(2, 12),
    position=st.sampled_from(POSITIONS),
    pooling=st.sampled_from(tuple(POOLINGS)),
    head=st.sampled_from(tuple(HEADS)),
    embedding_size=st.integers(0, 6),
)


@settings(max_examples=60, deadline=None)
@given(ARCHITECTURES, st.sampled_from(list(Task)))
def test_params_and_flops_are_those_of_the_model(arch: Architecture, task: Task) -> None:
    model = StudentModel(arch, task)
    assert count_params(arch, task) == sum(p.numel() for p in model.parameters())
    model.use_plain_attention(True)
    inputs = example_inputs(task, arch.max_length, arch.vocab_size)
    assert count_flops(arch, task) == by_torch(model, inputs)


@given(st.lists(ARCHITECTURES, min_size=1, max_size=8), st.sampled_from(list(Task)))
def test_whole_columns_agree_with_single_architectures(archs: list[Architecture], task: Task) -> None:
    rows = [arch.as_dict() for arch in archs]
    columns = {name: np.asarray([row[name] for row in rows]) for name in rows[0]}
    assert params_of(columns, task).tolist() == [count_params(arch, task) for arch in archs]
    assert flops_of(columns, task, 7).tolist() == [count_flops(arch, task, 7) for arch in archs]


def test_columns_broadcast_to_a_grid() -> None:
    columns = {name: np.asarray(value) for name, value in Architecture(layers=1).as_dict().items()}
    columns |= {"layers": np.arange(3)[:, None], "vocab_size": np.array([100, 200])}
    sizes = params_of(columns, Task.PAIR)
    assert sizes.shape == (3, 2)
    assert sizes[2, 1] == count_params(Architecture(layers=2, vocab_size=200), Task.PAIR)


def test_compressors_published_model_is_about_three_megabytes() -> None:
    arch = Architecture(vocab_size=1000, layers=12, hidden_size=96, intermediate_size=64, heads=8, max_length=514)
    assert weights_mb(arch, Task.PAIR) == pytest.approx(3.0, abs=0.1)


def test_shorter_inputs_cost_less() -> None:
    arch = Architecture(max_length=400)
    assert count_flops(arch, Task.PAIR, 100) < count_flops(arch, Task.PAIR) / 4 * 1.01
    assert count_flops(replace(arch, layers=0, pooling="mean"), Task.FUNCTION) == 2 * 64 * 64 + 4 * 64
