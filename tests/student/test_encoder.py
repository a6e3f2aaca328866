"""The student's parameters and FLOPs are those of the closed forms; its parts work as described."""

import itertools

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from avatar.data.batching import TokenTable
from avatar.data.records import Task
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID
from avatar.data.windows import distinct_windows
from avatar.space.architecture import Architecture
from avatar.space.cost import count_flops, count_params
from avatar.space.genes.head import HEADS
from avatar.space.genes.pooling import POOLINGS
from avatar.space.genes.position import POSITIONS
from avatar.student.encoder import StudentModel


def some_architectures() -> list[Architecture]:
    kinds = itertools.product(POSITIONS, POOLINGS, HEADS)
    return (
        [
            Architecture(
                vocab_size=50 + index,
                layers=1 + index % 3,
                hidden_size=24,
                heads=(1, 2, 3, 4)[index % 4],
                intermediate_size=32 + index,
                max_length=40,
                position=position,
                pooling=pooling,
                head=head,
                embedding_size=(0, 8)[index % 2],
            )
            for index, (position, pooling, head) in enumerate(kinds)
        ]
        + [Architecture(vocab_size=50, layers=0, hidden_size=16, pooling="mean", max_length=40)]
        + bags()
    )


def bags() -> list[Architecture]:
    """Students without a layer, over windows of one, three and five tokens."""
    return [
        Architecture(
            vocab_size=60,
            layers=0,
            hidden_size=16,
            max_length=40,
            position="none",
            pooling=pooling,
            head="interaction",
            embedding_size=embedding,
            window=window,
        )
        for window, pooling, embedding in itertools.product((1, 3, 5), ("max", "mean", "attention"), (0, 8))
    ]


def inputs(arch: Architecture, task: Task, length: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(3, arch.vocab_size, (task.arity, length), generator=generator)
    return ids, torch.ones(task.arity, length, dtype=torch.bool), torch.arange(task.arity)[None]


@pytest.mark.parametrize("task", list(Task))
def test_parameters_are_those_of_the_closed_form(task: Task) -> None:
    for arch in some_architectures():
        model = StudentModel(arch, task)
        assert sum(weight.numel() for weight in model.parameters()) == count_params(arch, task), arch


@pytest.mark.parametrize("task", list(Task))
def test_flops_are_those_of_the_closed_form(task: Task) -> None:
    for arch in some_architectures():
        model = StudentModel(arch, task).eval()
        model.use_plain_attention(True)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(*inputs(arch, task, 17))
        assert counter.get_total_flops() == count_flops(arch, task, 17), arch


@pytest.mark.parametrize("position", POSITIONS)
def test_fused_and_plain_attention_agree_under_padding(position: str) -> None:
    arch = Architecture(vocab_size=99, layers=2, position=position, pooling="mean")
    model = StudentModel(arch, Task.PAIR).eval()
    ids, mask, members = inputs(arch, Task.PAIR, 30)
    mask[1, 11:] = False
    fused = model(ids, mask, members)
    model.use_plain_attention(True)
    assert torch.allclose(fused, model(ids, mask, members), atol=1e-5)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_does_not_change_a_vector(pooling: str) -> None:
    arch = Architecture(vocab_size=99, layers=1, position="relative_key_query", pooling=pooling)
    model = StudentModel(arch, Task.FUNCTION).eval()
    ids, mask, _ = inputs(arch, Task.FUNCTION, 12)
    wider = torch.cat([ids, torch.zeros(1, 7, dtype=torch.long)], dim=1)
    wide_mask = torch.cat([mask, torch.zeros(1, 7, dtype=torch.bool)], dim=1)
    assert torch.allclose(model.encode(ids, mask), model.encode(wider, wide_mask), atol=1e-5)


def test_relative_positions_tell_orders_apart_and_none_does_not() -> None:
    for position in POSITIONS:
        arch = Architecture(vocab_size=99, layers=1, position=position, pooling="mean")
        model = StudentModel(arch, Task.FUNCTION).eval()
        ids, mask, _ = inputs(arch, Task.FUNCTION, 12)
        same = torch.allclose(model.encode(ids, mask), model.encode(ids.flip(1), mask), atol=1e-6)
        assert same == (position == "none"), position


def test_the_interaction_head_is_symmetric_and_the_concat_head_is_not() -> None:
    for head in HEADS:
        model = StudentModel(Architecture(vocab_size=99, head=head), Task.PAIR).eval()
        vectors = torch.randn(5, 2, 64, generator=torch.Generator().manual_seed(3))
        same = torch.allclose(model.classify(vectors), model.classify(vectors.flip(1)), atol=1e-6)
        assert same == (head == "interaction")


def test_many_tokens_are_normed_once_for_each_entry_of_the_vocabulary() -> None:
    arch = Architecture(
        vocab_size=30,
        hidden_size=24,
        embedding_size=8,
        layers=1,
        position="none",
        pooling="mean",
        hidden_dropout=0.0,
        attention_dropout=0.0,
    )
    model = StudentModel(arch, Task.FUNCTION)
    ids = torch.randint(3, 30, (4, 20), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids, dtype=torch.bool)
    assert torch.allclose(model.train().encode(ids, mask), model.eval().encode(ids, mask), atol=1e-6)


def test_token_dropout_acts_in_training_only() -> None:
    arch = Architecture(vocab_size=99, hidden_dropout=0.0, attention_dropout=0.0)
    model = StudentModel(arch, Task.FUNCTION, token_dropout=0.9)
    ids, mask, members = inputs(arch, Task.FUNCTION, 20)
    assert not torch.allclose(model.train()(ids, mask, members), model(ids, mask, members))
    assert torch.equal(model.eval()(ids, mask, members), model(ids, mask, members))


@pytest.mark.parametrize("arch", [arch for arch in bags() if arch.reads_a_set], ids=str)
def test_a_set_of_windows_gives_the_vectors_and_gradients_of_all_tokens(arch: Architecture) -> None:
    random = np.random.default_rng(3)
    rows = [random.integers(3, 20, size).tolist() for size in (1, 2, 9, 40)]
    tokens = TokenTable.from_lists(rows, PAD_ID, UNKNOWN_ID)
    model = StudentModel(arch, Task.PAIR).eval()
    windows = distinct_windows(tokens, arch.window)
    assert windows.lengths[3] < 40 or arch.window > 1  # 17 different tokens: some are there twice
    gradients = []
    for table in (tokens, windows):
        model.zero_grad()
        vectors = model.encode(*table.padded(np.arange(4)))
        vectors.square().sum().backward()
        gradients.append([weight.grad for weight in model.parameters() if weight.grad is not None])
        if table is tokens:
            expected = vectors
    assert torch.allclose(vectors, expected, atol=1e-4)
    with torch.no_grad():
        assert torch.allclose(model.encode(*windows.padded(np.arange(4))), expected, atol=1e-6)
    assert len(gradients[0]) == len(gradients[1])
    for left, right in zip(*gradients, strict=True):
        assert torch.allclose(left, right, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_wide_is_a_linear_model_of_the_features(pooling: str) -> None:
    """With a head of zeros, a student is logistic regression on counts divided by the root of their number."""
    arch = Architecture(
        tokenizer="ngrams", vocab_size=30, layers=0, hidden_size=8, position="none", pooling=pooling, wide=1
    )
    model = StudentModel(arch, Task.FUNCTION).eval()
    weights = torch.randn(30)
    with torch.no_grad():
        model.wide.copy_(weights[None])
        for parameter in model.head.parameters():
            parameter.zero_()
    ids = torch.tensor([[2, 5, 5, 7], [2, 9, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]], dtype=torch.bool)
    logits = model(ids, mask, torch.tensor([[0], [1]]))
    margins = [(weights[2] + 2 * weights[5] + weights[7]) / 4**0.5, (weights[2] + weights[9]) / 2**0.5]
    assert torch.allclose(logits[:, 1] - logits[:, 0], torch.stack(margins), atol=1e-5)


def test_pairs_have_no_wide_part() -> None:
    arch = Architecture(tokenizer="ngrams", layers=0, position="none", pooling="mean", wide=1)
    model = StudentModel(arch, Task.PAIR)
    assert model.wide is None
    assert sum(p.numel() for p in model.parameters()) == count_params(arch, Task.PAIR)
    functions = StudentModel(arch, Task.FUNCTION)
    assert sum(p.numel() for p in functions.parameters()) == count_params(arch, Task.FUNCTION)
