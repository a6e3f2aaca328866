"""What every kind of teacher must keep to, and every way to pool and to join vectors. A new one is tested by itself."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.common.hashing import stable_hash
from avatar.config.schema import TeacherConfig, TrainerConfig
from avatar.data.records import Corpus, Function, Pair, Sample, SplitName, Task
from avatar.teacher.kinds import TEACHERS, Lesson, TeacherKind, Training, read_answers, read_vectors
from avatar.teacher.names import JOINS, POOLINGS
from tiny_roberta import tiny_roberta

TRAINING = Training(seed=1, metric="accuracy", precision="32-true", world_size=1)


def corpus() -> Corpus:
    functions = {
        f"{verb}_{name}": Function(f"{verb}_{name}", f"def {verb}({name}):\n    return {verb}({name})\n")
        for verb, name in itertools.product(("add", "sort", "read"), "abcdef")
    }
    pairs = [
        Pair(first, second, int(first.split("_")[0] == second.split("_")[0]))
        for first, second in itertools.combinations(functions, 2)
    ]
    splits = {split: pairs[row::4] for row, split in enumerate(SplitName)}
    return Corpus("tiny", Task.PAIR, functions, splits, languages=("python",))


def groups() -> Corpus:
    """Three groups of clones; half of each is in the labelled half."""
    functions = corpus().functions
    samples = [Sample(name, "ars".index(name[0])) for name in functions]
    parts = {SplitName.LABELED: samples[::2], SplitName.UNLABELED: samples[1::2]}
    rows = {SplitName.LABELED: np.arange(0, 18, 2), SplitName.UNLABELED: np.arange(1, 18, 2)}
    splits = {split: parts.get(split, samples[:4]) for split in SplitName}
    return Corpus(
        "tiny", Task.EMBEDDING, functions, splits, (), rows, dict.fromkeys(rows, 18), 3, languages=("python",)
    )


def encoder(folder: Path) -> TeacherConfig:
    return TeacherConfig(kind="encoder", max_length=16, encoder_layers=1, trainable_layers=0, epochs=1)


def with_data_flow(folder: Path) -> TeacherConfig:
    model = str(tiny_roberta(folder / "roberta"))
    return TeacherConfig(kind="data_flow", model=model, max_length=16, data_flow_length=8, epochs=1)


def predictions(folder: Path) -> TeacherConfig:
    path = folder / "logits.npy"
    np.save(path, np.random.default_rng(0).normal(size=(len(corpus().splits[SplitName.UNLABELED]), 2)))
    return TeacherConfig(kind="predictions", path=str(path), timing="none")


def none(folder: Path) -> TeacherConfig:
    return TeacherConfig(kind="none", model="", timing="none")


def vectors(folder: Path) -> TeacherConfig:
    path = folder / "vectors.npy"
    np.save(path, np.random.default_rng(0).normal(size=(len(groups().functions), 5)).astype(np.float32))
    return TeacherConfig(kind="vectors", model="", path=str(path), timing="none")


CONFIGS: dict[str, Callable[[Path], TeacherConfig]] = {
    "data_flow": with_data_flow,
    "encoder": encoder,
    "none": none,
    "predictions": predictions,
    "vectors": vectors,
}
"""A working config for each kind, cheap enough for a test."""


@pytest.fixture(params=list(TEACHERS))
def name(request: pytest.FixtureRequest) -> str:
    assert request.param in CONFIGS, f"give the kind of teacher '{request.param}' a config in CONFIGS"
    return str(request.param)


@pytest.fixture
def kind(name: str) -> TeacherKind:
    return TEACHERS.get(name)


@pytest.fixture
def cfg(name: str, tmp_path: Path) -> TeacherConfig:
    return CONFIGS[name](tmp_path)


def test_a_working_config_has_no_problem_and_a_stable_identity(kind: TeacherKind, cfg: TeacherConfig) -> None:
    assert list(kind.problems(cfg)) == []
    first, second = (stable_hash(kind.identity(cfg, TRAINING)) for _ in range(2))
    assert first == second
    assert isinstance(kind.note, str)


def test_names_and_notes_do_not_change_the_identity(kind: TeacherKind, cfg: TeacherConfig) -> None:
    before = stable_hash(kind.identity(cfg, TRAINING))
    cfg.name, cfg.note, cfg.timing = "another name", "another note", "none"
    assert stable_hash(kind.identity(cfg, TRAINING)) == before


def test_it_answers_the_unlabelled_half(kind: TeacherKind, cfg: TeacherConfig, tmp_path: Path) -> None:
    if Task.PAIR not in kind.tasks:
        return
    data, folder = corpus(), tmp_path / "teacher"
    folder.mkdir()
    values = kind.learn(Lesson(data, cfg, TrainerConfig(progress="none"), TRAINING), folder)
    json.dumps(values)
    logits = read_answers(folder, SplitName.UNLABELED)
    assert logits is not None
    for split in SplitName:
        answers = read_answers(folder, split)
        if answers is not None:
            assert answers.shape == (len(data.splits[split]), 2)
            assert np.isfinite(answers).all()
    if kind.runs:
        model, tokenizer = kind.load(folder)
        assert not model.training
        assert tokenizer("def f(): pass")["input_ids"]


def test_it_says_whether_it_gives_vectors_of_groups_of_clones(
    kind: TeacherKind, cfg: TeacherConfig, tmp_path: Path
) -> None:
    assert kind.tasks
    assert set(kind.tasks) <= set(Task)
    if Task.EMBEDDING not in kind.tasks:
        return
    data, folder = groups(), tmp_path / "teacher"
    folder.mkdir()
    json.dumps(kind.learn(Lesson(data, cfg, TrainerConfig(progress="none"), TRAINING), folder))
    assert all(read_answers(folder, split) is None for split in SplitName)
    recorded = read_vectors(folder)
    assert (recorded is not None) is (kind.gives_vectors and not kind.runs)
    if recorded is not None:
        assert recorded.shape[0] == len(data.functions)
        assert (np.abs(recorded).sum(axis=1) > 0).all()
    if kind.runs:
        model, _ = kind.load(folder)
        assert model.task is Task.EMBEDDING


@pytest.mark.parametrize("pooling", list(POOLINGS))
def test_padding_does_not_change_a_function_s_vector(pooling: str) -> None:
    torch.manual_seed(0)
    states = torch.randn(2, 5, 8)
    mask = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    vectors = POOLINGS.get(pooling)(states, mask)
    assert vectors.shape == (2, 8)
    other = states.clone()
    other[0, 3:] = 100.0
    assert torch.equal(POOLINGS.get(pooling)(other, mask), vectors)


@pytest.mark.parametrize("join", list(JOINS))
@pytest.mark.parametrize("arity", [1, 2])
def test_a_join_gives_the_features_that_it_names(join: str, arity: int) -> None:
    torch.manual_seed(0)
    module = JOINS.get(join)(8, arity).eval()
    features = module(torch.randn(3, arity, 8))
    assert features.shape == (3, module.features)
    assert torch.isfinite(features).all()
