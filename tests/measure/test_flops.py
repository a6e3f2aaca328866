"""Three ways to count FLOPs, which must agree."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from avatar.common.errors import AvatarError
from avatar.data.records import Task
from avatar.measure import flops, model_size
from avatar.space.architecture import Architecture
from avatar.space.cost import count_flops, count_params
from avatar.student.encoder import StudentModel

BASE = Architecture(vocab_size=300, layers=2, hidden_size=24, heads=3, intermediate_size=40, max_length=64)
VARIANTS = [
    replace(BASE, position=position, heads=heads)
    for position in ("absolute", "relative_key", "relative_key_query", "none")
    for heads in (1, 4)
] + [
    replace(BASE, pooling=pooling, head=head, embedding_size=embedding, layers=layers)
    for pooling, head, embedding, layers in (
        ("mean", "interaction", 0, 0),
        ("max", "concat", 8, 1),
        ("attention", "interaction", 12, 3),
    )
]


@pytest.mark.parametrize("arch", VARIANTS, ids=str)
@pytest.mark.parametrize("task", list(Task))
def test_thop_torch_and_formula_agree(arch: Architecture, task: Task) -> None:
    model = StudentModel(arch, task)
    inputs = flops.example_inputs(task, 50, arch.vocab_size)
    formula = count_flops(arch, task, 50)
    assert flops.by_torch(model, inputs) == pytest.approx(formula, rel=0.01)
    assert flops.by_thop(model, inputs) == pytest.approx(formula, rel=0.01)


def test_without_the_rule_thop_would_miss_the_attention_products() -> None:
    arch = replace(BASE, layers=1)
    model = StudentModel(arch, Task.FUNCTION)
    short, long = (flops.by_thop(model, flops.example_inputs(Task.FUNCTION, n, 300)) for n in (32, 64))
    assert long > 2.2 * short  # projections alone would only double


def test_counting_leaves_the_model_as_it_was() -> None:
    model = StudentModel(BASE, Task.PAIR).train()
    names = set(model.state_dict())
    inputs = flops.example_inputs(Task.PAIR, 20, 300)
    flops.by_thop(model, inputs)
    flops.by_torch(model, inputs)
    assert set(model.state_dict()) == names
    assert model.training
    assert all(not module._forward_hooks for module in model.modules())


def test_sizes() -> None:
    model = StudentModel(BASE, Task.PAIR)
    assert model_size.params(model) == count_params(BASE, Task.PAIR)
    assert model_size.weights_mb(model.to(torch.bfloat16)) == count_params(BASE, Task.PAIR) * 4 / 1e6


def test_bundle_counts_all_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "weights").write_bytes(bytes(1_500_000))
    (tmp_path / "card.md").write_bytes(bytes(500_000))
    assert model_size.bundle_mb(tmp_path) == 2.0


@pytest.mark.parametrize("missing", ["thop", "distutils"])
def test_without_thop_or_distutils_the_error_says_what_is_missing(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "thop"]:
        monkeypatch.delitem(sys.modules, name)
    for name in [missing, *(name for name in sys.modules if name.startswith(f"{missing}."))]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(AvatarError, match=missing) as caught:
        flops.by_thop(torch.nn.Linear(2, 2), (torch.zeros(1, 2),))
    assert "setuptools" in caught.value.hint
    assert "measure.thop=false" in caught.value.hint
