"""Timing, with clocks that the test controls where numbers matter."""

import time
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from avatar.data.records import Task
from avatar.data.tokenizers import train_tokenizer
from avatar.measure.classifier import CODEBERT_NOTE, TextClassifier, codebert_shape, of_student
from avatar.measure.flops import by_torch, example_inputs
from avatar.measure.latency import measure_latency, time_calls
from avatar.space.architecture import Architecture
from avatar.student.encoder import StudentModel

TEXTS = [f"def f{i}(a, b):\n    return a + b * {i}" for i in range(12)]
PAIRS = list(zip(TEXTS[:6], TEXTS[6:], strict=True))


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer("word", 60, TEXTS)


def student(tokenizer: Tokenizer, layers: int = 1) -> TextClassifier:
    arch = Architecture(vocab_size=60, layers=layers, hidden_size=16, heads=2, intermediate_size=16, max_length=32)
    return of_student(StudentModel(arch, Task.PAIR), tokenizer)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A clock that moves only when a call moves it."""
    clock = {"now": 0.0}
    monkeypatch.setattr(time, "perf_counter", lambda: clock["now"])
    return clock


def test_percentiles_leave_the_warm_up_out(clock: dict[str, float]) -> None:
    costs = iter([5.0] * 3 + [0.001 * n for n in range(1, 101)])

    def call(value: int) -> None:
        clock["now"] += next(costs)

    timing = time_calls(call, range(100), warmup=3)
    assert timing.samples == 100
    assert timing.warmup == 3
    assert timing.p50_ms == pytest.approx(50.5)
    assert timing.p95_ms == pytest.approx(95.05)
    assert timing.threads == torch.get_num_threads()
    assert timing.machine


def test_ratio_compares_the_examples_that_both_were_given(tokenizer: Tokenizer, clock: dict[str, float]) -> None:

    class Slow(torch.nn.Module):
        def __init__(self, seconds: float) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))
            self.seconds = seconds
            self.calls = 0

        def forward(self, ids: torch.Tensor, mask: torch.Tensor, members: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            clock["now"] += self.seconds
            return torch.zeros(1, 2)

    base = student(tokenizer)
    fast = TextClassifier(Slow(0.002), base.tokenize)
    slow = TextClassifier(Slow(0.5), base.tokenize, note="n")
    measured = measure_latency(fast, slow, PAIRS, warmup=2, teacher_examples=3)
    assert measured.ratio == pytest.approx(250)
    assert measured.model_ratio == pytest.approx(250)
    assert measured.student.samples == 6
    assert measured.teacher is not None
    assert measured.teacher.samples == 3
    assert slow.model.calls == 2 * (2 + 3)
    assert measured.notes[-1] == "n"
    assert set(measured.as_dict()) == {
        "latency/student_ms_p50",
        "latency/student_ms_p95",
        "latency/model_ms_p50",
        "latency/teacher_ms_p50",
        "latency/teacher_ms_p95",
        "latency/ratio",
    }


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Two threads wait for each other when another test has the second core: then no order of times is certain."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_without_a_teacher_only_the_student_is_reported(tokenizer: Tokenizer) -> None:
    measured = measure_latency(student(tokenizer), None, PAIRS, warmup=1)
    assert not [name for name in measured.as_dict() if "teacher" in name or "ratio" in name]
    assert 0 < measured.student_model.p50_ms <= measured.student.p95_ms


def test_predict_is_the_model_on_the_tokenized_text(tokenizer: Tokenizer) -> None:
    classifier = student(tokenizer, layers=2)
    short, long = "a", TEXTS[0]
    inputs = classifier.prepare((short, long))
    assert inputs.attention_mask.sum(1).tolist() == [2, len(classifier.tokenize([long])[0])]
    swapped = classifier.prepare((long, short))
    model = classifier.model
    assert isinstance(model, StudentModel)
    ours = model.encode(inputs.input_ids, inputs.attention_mask)
    theirs = model.encode(swapped.input_ids, swapped.attention_mask)
    assert torch.allclose(ours, theirs.flip(0), atol=1e-6)
    assert classifier.predict((short, long)) == int(classifier.forward(inputs).argmax())


@pytest.mark.slow
@pytest.mark.parametrize("task", list(Task))
def test_codebert_shape_has_its_size_and_says_that_it_is_random(task: Task) -> None:
    teacher = codebert_shape(task, TEXTS, 400, seed=1)
    params = sum(p.numel() for p in teacher.model.parameters())
    assert params == pytest.approx(124.6e6, rel=0.02)
    assert teacher.note == CODEBERT_NOTE
    assert "random weights" in teacher.note
    inputs = teacher.prepare(TEXTS[: task.arity])
    assert inputs.input_ids.min() > 1  # 0 and 1 are RoBERTa's own
    assert np.isfinite(teacher.forward(inputs).numpy()).all()
    tokens, hidden = 30, 768
    layer = 8 * tokens * hidden**2 + 4 * tokens**2 * hidden + 4 * tokens * hidden * 3072
    counted = by_torch(teacher.model, example_inputs(task, tokens, 1000))
    assert counted == pytest.approx(12 * layer * task.arity, rel=0.01)
