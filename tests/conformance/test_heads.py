"""The contract of every head and pooling of a student: each registered one is tested here."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from avatar.data.records import Task
from avatar.space.architecture import Architecture
from avatar.space.cost import count_flops, count_params
from avatar.space.genes.head import HEADS as HEAD_FACTS
from avatar.space.genes.pooling import POOLINGS as POOLING_FACTS
from avatar.student.encoder import StudentModel
from avatar.student.heads import HEADS
from avatar.student.pooling import POOLINGS

WIDTH, HIDDEN = 24, 16


def test_every_module_has_facts_and_every_fact_a_module() -> None:
    assert set(HEADS.names()) == {*HEAD_FACTS, "single"}
    assert set(POOLINGS.names()) == set(POOLING_FACTS)


def student(task: Task = Task.PAIR, **genes: Any) -> StudentModel:
    torch.manual_seed(1)
    arch = Architecture(vocab_size=50, hidden_size=WIDTH, heads=2, intermediate_size=HIDDEN, max_length=20, **genes)
    return StudentModel(arch, task).eval()


def check_counts(model: StudentModel) -> None:
    """Parameters and FLOPs are those of the closed form."""
    assert sum(weight.numel() for weight in model.parameters()) == count_params(model.arch, model.task)
    model.use_plain_attention(True)
    ids = torch.randint(3, 50, (model.task.arity, 20), generator=torch.Generator().manual_seed(0))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(ids, torch.ones_like(ids, dtype=torch.bool), torch.arange(model.task.arity)[None])
    assert counter.get_total_flops() == count_flops(model.arch, model.task)


@pytest.mark.parametrize("name", sorted(HEAD_FACTS))
def test_a_head_costs_what_its_facts_say(name: str) -> None:
    check_counts(student(head=name))


@pytest.mark.parametrize("name", sorted(HEADS))
def test_a_head_answers_each_example_by_itself(name: str) -> None:
    torch.manual_seed(1)
    arity = 1 if name == "single" else 2
    head = HEADS.get(name)(WIDTH, HIDDEN, 0.5, 2).eval()
    vectors = torch.randn(5, arity, WIDTH)
    logits = head(vectors)
    assert logits.shape == (5, 2)
    assert torch.allclose(logits[2:3], head(vectors[2:3]), atol=1e-6)
    assert logits.std(0).max() > 1e-3, "all answers equal: the comparison would prove nothing"
    (logits**2).sum().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in head.parameters())


@pytest.mark.parametrize("name", sorted(HEAD_FACTS))
def test_a_head_is_symmetric_where_its_facts_say_so(name: str) -> None:
    torch.manual_seed(1)
    head = HEADS.get(name)(WIDTH, HIDDEN, 0.5, 2).eval()
    vectors = torch.randn(5, 2, WIDTH)
    assert torch.allclose(head(vectors), head(vectors.flip(1)), atol=1e-6) is HEAD_FACTS[name].symmetric


@pytest.fixture(params=sorted(POOLING_FACTS))
def pooling(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def pooled(name: str, states: Tensor, mask: Tensor) -> Tensor:
    torch.manual_seed(1)
    return POOLINGS.get(name)(states.shape[2]).eval()(states, mask)


def test_a_pooling_costs_what_its_facts_say(pooling: str) -> None:
    check_counts(student(Task.FUNCTION, pooling=pooling))
    check_counts(student(Task.PAIR, pooling=pooling))


def test_padding_changes_nothing(pooling: str) -> None:
    states = torch.randn(3, 7, WIDTH, generator=torch.Generator().manual_seed(1))
    mask = torch.ones(3, 7, dtype=torch.bool)
    padded = torch.cat([states, torch.full((3, 4, WIDTH), 9.0)], dim=1)
    longer = torch.cat([mask, torch.zeros(3, 4, dtype=torch.bool)], dim=1)
    expected = pooled(pooling, states, mask)
    assert expected.shape == (3, WIDTH)
    assert torch.allclose(pooled(pooling, padded, longer), expected, atol=1e-5)


def test_it_sees_all_tokens_unless_it_needs_layers(pooling: str) -> None:
    states = torch.randn(1, 6, WIDTH, generator=torch.Generator().manual_seed(1), requires_grad=True)
    pooled(pooling, states, torch.ones(1, 6, dtype=torch.bool)).sum().backward()
    assert states.grad is not None
    seen = (states.grad[0].abs().sum(1) > 0).sum()
    assert bool(seen == 1) is POOLING_FACTS[pooling].needs_layers


def test_repetitions_change_nothing_where_its_facts_say_so(pooling: str) -> None:
    states = torch.randn(1, 6, WIDTH, generator=torch.Generator().manual_seed(1))
    twice = torch.cat([states[:, :3], states[:, 1:2], states[:, 3:], states[:, 4:5]], dim=1)
    first, second = (pooled(pooling, some, torch.ones(some.shape[:2], dtype=torch.bool)) for some in (states, twice))
    unchanged = torch.allclose(first, second, atol=1e-6)
    if POOLING_FACTS[pooling].reads_a_set:
        assert unchanged
    elif not POOLING_FACTS[pooling].needs_layers:
        assert not unchanged
