"""Measured latency: one example at a time, after a warm-up, teacher and student interleaved."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.measure.classifier import ModelInputs, TextClassifier
from avatar.measure.machine import machine_name

Input = TypeVar("Input")
Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Timing:
    """Percentiles over `samples` calls, in milliseconds, and the conditions of the measurement."""

    p50_ms: float
    p95_ms: float
    samples: int
    warmup: int
    threads: int
    runtime: str
    precision: str
    machine: str
    note: str = ""

    @classmethod
    def of(
        cls,
        milliseconds: Sequence[float] | NDArray[np.float64],
        warmup: int,
        device: torch.device | str = "cpu",
        runtime: str = "torch",
        precision: str = "fp32",
        note: str = "",
    ) -> "Timing":
        """The record of measured times on this machine."""
        p50, p95 = np.percentile(np.asarray(milliseconds, dtype=np.float64), [50, 95])
        threads = torch.get_num_threads()
        return cls(
            float(p50),
            float(p95),
            len(milliseconds),
            warmup,
            threads,
            runtime,
            precision,
            machine_name(device),
            note,
        )


def clocked(call: Callable[[Input], object], value: Input, cuda: bool = False) -> float:
    """Milliseconds of one call; on a GPU, until its work is finished."""
    if cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    call(value)
    if cuda:
        torch.cuda.synchronize()
    return (time.perf_counter() - start) * 1e3


def time_calls(
    call: Callable[[Input], object],
    inputs: Sequence[Input],
    warmup: int,
    device: torch.device | str = "cpu",
    runtime: str = "torch",
    precision: str = "fp32",
    note: str = "",
) -> Timing:
    """Time `call` once on each of `inputs`, after `warmup` calls that do not count."""
    cuda = torch.device(device).type == "cuda"
    for index in range(warmup):
        clocked(call, inputs[index % len(inputs)], cuda)
    times = [clocked(call, value, cuda) for value in inputs]
    return Timing.of(times, warmup, device, runtime, precision, note)


@dataclass(frozen=True, slots=True)
class Latency:
    """Latency of student and teacher, measured in one process.

    `student` and `teacher` are from text to label, `student_model` and `teacher_model` the forward pass alone. The
    ratios are teacher / student, of the medians over the examples that both got.
    """

    student: Timing
    student_model: Timing
    teacher: Timing | None = None
    teacher_model: Timing | None = None
    ratio: float | None = None
    model_ratio: float | None = None

    def as_dict(self) -> dict[str, float]:
        """Values by MLflow name, without those that were not measured."""
        values = {
            "latency/student_ms_p50": self.student.p50_ms,
            "latency/student_ms_p95": self.student.p95_ms,
            "latency/model_ms_p50": self.student_model.p50_ms,
        }
        if self.teacher is not None and self.ratio is not None:
            values["latency/teacher_ms_p50"] = self.teacher.p50_ms
            values["latency/teacher_ms_p95"] = self.teacher.p95_ms
            values["latency/ratio"] = self.ratio
        return values

    @property
    def notes(self) -> list[str]:
        """Sentences for the report: the conditions, and the teacher's note."""
        timing = self.student
        notes = [
            f"Latency: one example at a time, without padding, {timing.runtime} {timing.precision}, "
            f"{timing.threads} thread{'s' * (timing.threads > 1)}, {timing.machine}; median "
            f"(p50) of {timing.samples} test examples after {timing.warmup} warm-up calls."
        ]
        return notes + ([self.teacher.note] if self.teacher is not None and self.teacher.note else [])


def measure_latency(
    student: TextClassifier,
    teacher: TextClassifier | None,
    examples: Sequence[Texts],
    warmup: int,
    teacher_examples: int = 20,
) -> Latency:
    """Time the student on `examples` and the teacher on `teacher_examples` of them, interleaved.

    An example is the texts of its functions. Interleaving spreads other work of the machine over both. After each call
    of the teacher, the student has one call that does not count.
    """
    shared = np.arange(len(examples)) if teacher is not None else np.arange(0)
    if teacher is not None and teacher_examples < len(examples):
        shared = np.linspace(0, len(examples) - 1, max(1, teacher_examples)).round().astype(int)
    models = {"student": student} if teacher is None else {"student": student, "teacher": teacher}
    rows = {"student": np.arange(len(examples)), "teacher": np.unique(shared)}
    prepared = {name: {int(row): model.prepare(examples[row]) for row in rows[name]} for name, model in models.items()}

    def forward(name: str) -> Callable[[int], object]:
        inputs: Mapping[int, ModelInputs] = prepared[name]
        return lambda row: models[name].forward(inputs[row])

    def predict(name: str) -> Callable[[int], object]:
        return lambda row: models[name].predict(examples[row])

    whole = {name: _Turns(predict(name), model, warmup) for name, model in models.items()}
    inner = {name: _Turns(forward(name), model, warmup) for name, model in models.items()}
    for turns in (whole, inner):
        for name, turn in turns.items():
            turn.warm(rows[name], warmup)
        for row in range(len(examples)):
            turns["student"].take(row)
            if teacher is not None and row in prepared["teacher"]:
                turns["teacher"].take(row)
                turns["student"].warm(np.asarray([row]), 1)  # the teacher has emptied the caches
    timings = {name: (whole[name].timing(), inner[name].timing()) for name in models}
    if teacher is None:
        return Latency(*timings["student"])
    common = rows["teacher"]
    return Latency(
        *timings["student"],
        *timings["teacher"],
        ratio=whole["teacher"].median(common) / whole["student"].median(common),
        model_ratio=inner["teacher"].median(common) / inner["student"].median(common),
    )


class _Turns:
    """The times of one kind of call by example; the calls of several kinds alternate."""

    def __init__(self, call: Callable[[int], object], model: TextClassifier, warmup: int) -> None:
        self.call = call
        self.model = model
        self.warmup = warmup
        self.cuda = model.device.type == "cuda"
        self.times: dict[int, float] = {}

    def warm(self, rows: NDArray[np.int64], calls: int) -> None:
        for index in range(calls):
            clocked(self.call, int(rows[index % len(rows)]), self.cuda)

    def take(self, row: int) -> None:
        self.times[row] = clocked(self.call, row, self.cuda)

    def median(self, rows: NDArray[np.int64]) -> float:
        return float(np.median([self.times[int(row)] for row in rows]))

    def timing(self) -> Timing:
        model = self.model
        times = list(self.times.values())
        return Timing.of(times, self.warmup, model.device, model.runtime, model.precision, model.note)
