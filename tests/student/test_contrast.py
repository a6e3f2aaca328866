"""Training on groups of clones: the losses against loops, the batches, the mined negatives, and what is learned."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from avatar.config.schema import DistillConfig, TrainerConfig
from avatar.data.batching import Examples, TokenTable
from avatar.data.records import Corpus, Function, Sample, SplitName, Task
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID
from avatar.space.architecture import Architecture
from avatar.student import group_batches
from avatar.student.distillation import distil, distillation_examples, readable, valid_examples
from avatar.student.encoder import StudentModel
from avatar.student.group_batches import GroupSampler, token_vectors
from avatar.student.loss import NO_GROUP, contrastive_loss, similarity_loss


def units(count: int, width: int, seed: int) -> Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(torch.randn(count, width, generator=random, dtype=torch.float64), dim=1)


def slow_contrastive(
    vectors: list[list[float]], groups: list[int], temperature: float, within: list[int] | None = None
) -> float:
    """Equation 2 of Khosla et al. 2020, function by function and pair by pair."""
    kinds = [0] * len(groups) if within is None else within

    def product(a: int, b: int) -> float:
        return sum(x * y for x, y in zip(vectors[a], vectors[b], strict=True)) / temperature

    rows = [row for row, group in enumerate(groups) if group != NO_GROUP]
    losses = []
    for i in rows:
        others = [a for a in rows if a != i and kinds[a] == kinds[i]]
        clones = [p for p in others if groups[p] == groups[i]]
        if not clones:
            continue
        everything = sum(math.exp(product(i, a)) for a in others)
        losses.append(-sum(math.log(math.exp(product(i, p)) / everything) for p in clones) / len(clones))
    return sum(losses) / len(losses) if losses else 0.0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("at_once", [3, 2048])
def test_the_contrastive_loss_equals_a_double_loop(seed: int, at_once: int) -> None:
    vectors = units(14, 6, seed)
    groups = torch.from_numpy(np.random.default_rng(seed).integers(-1, 5, size=14))
    for temperature in (0.07, 1.0):
        expected = slow_contrastive(vectors.tolist(), groups.tolist(), temperature)
        assert expected > 0.1
        assert float(contrastive_loss(vectors, groups, temperature, at_once)) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_the_contrastive_loss_within_parts_equals_a_double_loop(seed: int) -> None:
    vectors = units(14, 6, seed).requires_grad_()
    random = np.random.default_rng(seed)
    groups, within = (torch.from_numpy(random.integers(low, 4, size=14)) for low in (-1, 0))
    within[0] = 9  # compared with nothing
    loss = contrastive_loss(vectors, groups, 0.2, 5, within)
    expected = slow_contrastive(vectors.tolist(), groups.tolist(), 0.2, within.tolist())
    assert float(loss.detach()) == pytest.approx(expected)
    loss.backward()
    assert vectors.grad is not None
    assert vectors.grad.isfinite().all()
    assert not vectors.grad[0].any()


def test_batches_without_clones_have_no_loss_and_a_gradient_of_zero() -> None:
    for groups in ([0, 1, 2], [NO_GROUP] * 3, [0, NO_GROUP, NO_GROUP]):
        vectors = units(3, 4, 0).requires_grad_()
        loss = contrastive_loss(vectors, torch.tensor(groups), 0.1)
        loss.backward()
        assert float(loss.detach()) == 0
        assert vectors.grad is not None
        assert torch.equal(vectors.grad, torch.zeros_like(vectors))


def test_the_gradient_of_the_contrastive_loss_is_right() -> None:
    vectors = units(7, 4, 1).requires_grad_()
    groups = torch.tensor([0, 0, 1, 1, 1, 2, NO_GROUP])
    assert torch.autograd.gradcheck(lambda some: contrastive_loss(some, groups, 0.5, at_once=3), (vectors,))


def slow_similarity(ours: np.ndarray, theirs: np.ndarray, temperature: float) -> float:
    total = 0.0
    for i in range(len(ours)):
        rows = []
        for vectors in (ours, theirs):
            weights = {}
            for j in range(len(ours)):
                if j != i:
                    cosine = vectors[i] @ vectors[j] / np.linalg.norm(vectors[i]) / np.linalg.norm(vectors[j])
                    weights[j] = math.exp(cosine / temperature)
            rows.append({j: weight / sum(weights.values()) for j, weight in weights.items()})
        total += sum(rows[1][j] * math.log(rows[1][j] / rows[0][j]) for j in rows[0])
    return total / len(ours)


@pytest.mark.parametrize("seed", range(3))
def test_the_similarity_loss_equals_a_double_loop(seed: int) -> None:
    random = np.random.default_rng(seed)
    ours, theirs = random.normal(size=(9, 5)), random.normal(size=(9, 12))
    for temperature in (0.2, 1.0):
        actual = similarity_loss(torch.from_numpy(ours), torch.from_numpy(theirs), temperature)
        assert float(actual) == pytest.approx(slow_similarity(ours, theirs, temperature), rel=1e-4)
    assert float(similarity_loss(torch.from_numpy(ours), torch.from_numpy(3 * ours), 0.2)) == pytest.approx(0, abs=1e-6)


def test_functions_without_a_vector_of_the_teacher_are_left_out() -> None:
    random = np.random.default_rng(0)
    ours, theirs = (torch.from_numpy(random.normal(size=(8, 5))) for _ in range(2))
    theirs[2], theirs[5, 0] = 0.0, float("nan")
    kept = [0, 1, 3, 4, 6, 7]
    assert float(similarity_loss(ours, theirs, 0.3)) == pytest.approx(
        float(similarity_loss(ours[kept], theirs[kept], 0.3))
    )
    assert float(similarity_loss(ours[:2], theirs[:2], 0.3)) == 0


GROUPS = np.repeat(np.arange(40), np.arange(40) % 7 + 1)


def sampler(**changes: object) -> GroupSampler:
    settings = {"groups": GROUPS, "batch_size": 16, "together": 4, "hard": 0.5, "seed": 3}
    return GroupSampler(**{**settings, **changes})  # type: ignore[arg-type]


def test_each_function_is_in_one_batch_and_clones_are_together() -> None:
    some = sampler()
    for epoch in range(3):
        some.set_epoch(epoch)
        some.vectors = units(40, 8, epoch).float().numpy()
        batches = list(some)
        assert len(batches) == len(some) == -(-len(GROUPS) // 16)
        assert sorted(row for batch in batches for row in batch) == [
            row + epoch * len(GROUPS) for row in range(len(GROUPS))
        ]
        assert all(8 <= len(batch) <= 24 for batch in batches)
        for batch in batches:
            labels = GROUPS[np.asarray(batch) % len(GROUPS)]
            alone = [label for label in np.unique(labels) if (labels == label).sum() == 1]
            assert all((label == GROUPS).sum() == 1 for label in alone), "a function was separated from its clones"


def test_the_same_seed_epoch_and_vectors_give_the_same_batches() -> None:
    first, second, other = sampler(), sampler(), sampler(seed=4)
    for some in (first, second, other):
        some.set_epoch(2)
        some.vectors = units(40, 8, 0).float().numpy()
    assert list(first) == list(second) != list(other)
    first.set_epoch(3)
    assert [(np.asarray(batch) - 3 * len(GROUPS)).tolist() for batch in first] != [
        (np.asarray(batch) - 2 * len(GROUPS)).tolist() for batch in second
    ]


def nearness(some: GroupSampler, vectors: np.ndarray) -> float:
    """Mean cosine of the groups of a batch."""
    values = []
    for batch in some.batches():
        present = vectors[np.unique(GROUPS[batch])]
        cosines = present @ present.T
        values.append(cosines[np.triu_indices(len(present), 1)].mean())
    return float(np.mean(values))


def test_batches_are_made_of_near_groups() -> None:
    vectors = units(40, 3, 0).float().numpy()
    means = []
    for hard in (0.0, 0.5, 1.0):
        some = sampler(hard=hard)
        some.vectors = vectors
        means.append(nearness(some, vectors))
    assert means[0] < 0.15
    assert means[1] > means[0] + 0.1
    assert means[2] > means[1]


def test_processes_get_different_batches_and_equally_many() -> None:
    whole = sampler().batches()
    parts = [list(sampler(replicas=3, rank=rank)) for rank in range(3)]
    assert {len(part) for part in parts} == {len(whole) // 3}
    assert len({tuple(batch) for part in parts for batch in part}) == 3 * (len(whole) // 3)


def test_functions_of_unknown_groups_are_no_clones_of_each_other() -> None:
    groups = np.array([NO_GROUP] * 10 + [5, 5, 7])
    some = sampler(groups=groups, batch_size=4)
    assert len(some.members) == 12
    assert sorted(row for batch in some.batches() for row in batch.tolist()) == list(range(13))


def test_cheap_vectors_are_near_for_functions_that_share_rare_tokens() -> None:
    rows = [[1, 2, 3, 4, 50, 51, 52], [4, 3, 2, 1, 50, 51, 52, 52], [1, 2, 3, 4, 60, 61, 62], [1, 2, 3, 4, 70, 71]]
    table = TokenTable.from_lists(rows, PAD_ID, UNKNOWN_ID)
    vectors = token_vectors(table, np.arange(4), seed=1, width=256)
    cosines = vectors @ vectors.T
    assert cosines[0, 1] == pytest.approx(1, abs=1e-5)
    assert cosines[0, 2] < 0.3
    assert cosines[0, 3] < 0.3


WORDS = 60


def toy(groups: int = 24, members: int = 6, noise: int = 40) -> tuple[Corpus, TokenTable]:
    """Functions of a group share three tokens of 60, in any order, among many others."""
    random = np.random.default_rng(0)
    functions, rows, samples = {}, [], []
    for group in range(groups):
        own = random.choice(np.arange(3, WORDS), 3, replace=False)
        for _ in range(members):
            name = str(len(functions))
            functions[name] = Function(name, f"f {name}", str(group), ("java", "python")[len(functions) % 2])
            rows.append(random.permutation([*own, *own, *random.integers(WORDS, 60 + WORDS, noise)]).tolist())
            samples.append(Sample(name, group))
    parts = {SplitName.LABELED: slice(0, 48), SplitName.UNLABELED: slice(48, 96)}
    parts |= {SplitName.VALID: slice(96, 120), SplitName.TEST: slice(120, 144)}
    splits = {split: samples[part] for split, part in parts.items()}
    corpus = Corpus("toy", Task.EMBEDDING, functions, splits, num_labels=groups)
    return corpus, TokenTable.from_lists(rows, PAD_ID, UNKNOWN_ID)


ARCH = Architecture(
    tokenizer="word", vocab_size=2 * WORDS + 3, hidden_size=24, layers=0, pooling="mean", position="none",
    max_length=64, hidden_dropout=0.1, learning_rate=0.01, batch_size=24, head="interaction",
)  # fmt: skip
RECIPE = DistillConfig(epochs=20, temperature=0.1, use_labeled=True, hard_labels="truth", average=0.8, patience=20)


@pytest.mark.parametrize("changes", [{}, {"pooling": "max"}, {"pooling": "max", "window": 3}])
def test_vectors_have_length_1_and_no_head(changes: dict[str, object]) -> None:
    from avatar.space.cost import count_params

    model = StudentModel(dataclasses.replace(ARCH, **changes), Task.EMBEDDING).eval()  # type: ignore[arg-type]
    ids = torch.randint(3, WORDS, (5, 9), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids, dtype=torch.bool)
    vectors = model.encode(ids, mask)
    assert vectors.norm(dim=1).tolist() == pytest.approx([1.0] * 5)
    assert torch.equal(model(ids, mask, torch.arange(5)[:, None]), vectors)
    assert sum(weight.numel() for weight in model.parameters()) == count_params(model.arch, Task.EMBEDDING)


def test_a_student_learns_groups_that_it_has_never_seen(tmp_path: Path) -> None:
    corpus, tokens = toy()
    read = readable(ARCH, tokens)
    train, valid = distillation_examples(corpus, read, None, RECIPE), valid_examples(corpus, read)
    assert len(train) == 96
    untrained = distil(
        ARCH, corpus.task, train, valid, dataclasses.replace(RECIPE, epochs=1, learning_rate=1e-9),
        TrainerConfig(progress="none"), 1, tmp_path / "untrained", metric="map_at_r",
    )  # fmt: skip
    trained = distil(
        ARCH, corpus.task, train, valid, RECIPE, TrainerConfig(progress="none"), 1, tmp_path / "trained",
        metric="map_at_r",
    )  # fmt: skip
    assert trained.valid_score > untrained.valid_score + 0.1


def test_negatives_are_mined_by_tokens_first_and_then_by_the_student(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, tokens = toy()
    seen: list[str] = []

    def watched(name: str) -> None:
        call = getattr(group_batches, name)

        def counted(*arguments: object, **others: object) -> object:
            seen.append(name)
            return call(*arguments, **others)

        monkeypatch.setattr(group_batches, name, counted)

    watched("token_vectors")
    watched("encode_functions")
    cfg = dataclasses.replace(RECIPE, epochs=3)
    quiet = TrainerConfig(progress="none")
    train, valid = distillation_examples(corpus, tokens, None, cfg), valid_examples(corpus, tokens)
    distil(ARCH, corpus.task, train, valid, cfg, quiet, 1, tmp_path / "mined", metric="map_at_r")
    assert seen == ["token_vectors", "encode_functions", "encode_functions"]
    random = dataclasses.replace(cfg, hard_negatives=0.0)
    distil(ARCH, corpus.task, train, valid, random, quiet, 1, tmp_path / "random", metric="map_at_r")
    assert len(seen) == 3


def test_similarity_alone_teaches_a_student(tmp_path: Path) -> None:
    corpus, tokens = toy()
    theirs = np.eye(24, dtype=np.float32)[[int(function.group) for function in corpus.functions.values()]]
    theirs += 0.1 * np.random.default_rng(1).normal(size=theirs.shape).astype(np.float32)
    cfg = dataclasses.replace(RECIPE, use_labeled=False, hard_labels="teacher", relations=1.0)
    train = distillation_examples(corpus, tokens, None, cfg, vectors=theirs)
    assert set(train.labels.tolist()) == {NO_GROUP}
    trained = distil(
        ARCH, corpus.task, train, valid_examples(corpus, tokens), cfg, TrainerConfig(progress="none"), 1,
        tmp_path / "trained", metric="map_at_r",
    )  # fmt: skip
    assert trained.valid_score > trained.history[0]["valid/score"] + 0.1


def test_a_share_of_the_examples_has_whole_groups() -> None:
    corpus, tokens = toy()
    train = distillation_examples(corpus, tokens, None, RECIPE, share=0.25, seed=1)
    assert len(train) == 24
    assert np.bincount(train.labels).max() == np.bincount(train.labels)[np.bincount(train.labels) > 0].min() == 6


def test_examples_know_their_split_and_whether_the_group_is_known() -> None:
    corpus, tokens = toy()
    hidden = dataclasses.replace(RECIPE, hard_labels="teacher")
    labels = distillation_examples(corpus, tokens, None, hidden).labels
    assert (labels == NO_GROUP).sum() == 48
    assert len(distillation_examples(corpus, tokens, None, dataclasses.replace(RECIPE, use_unlabeled=False))) == 48
    assert isinstance(distillation_examples(corpus, tokens, None, RECIPE), Examples)
