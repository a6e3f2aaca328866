"""The forward time of untrained students, which are built with random weights."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.measure.flops import example_inputs
from avatar.measure.latency import clocked
from avatar.space.architecture import Architecture
from avatar.student.encoder import StudentModel

ROUNDS = range(3, 30)
"""Number of rounds: at least 3, less than 30."""

CALLS = 5
"""Timed calls of an architecture in one round; fewer if together they take more than `BURST_MS`."""

BURST_MS = 60.0

VOCABULARY = 4000
"""Larger token tables are cut for timing: a text reads few of their rows, and building them takes memory."""


def time_architectures(
    archs: Sequence[Architecture], task: Task, length: int, seed: int, seconds: float
) -> NDArray[np.float64]:
    """Milliseconds of one example's forward pass, (n,), with `length` tokens per function (at most `max_length`).

    Each round times each architecture with a few calls in a row (a burst), in a new order. The result is the lower
    quartile of an architecture's fastest burst, so that other work of the machine has little influence. Rounds
    continue until `seconds` are over.
    """
    models = [StudentModel(replace(arch, vocab_size=min(arch.vocab_size, VOCABULARY)), task).eval() for arch in archs]
    inputs = [example_inputs(task, min(length, arch.max_length), min(arch.vocab_size, VOCABULARY)) for arch in archs]
    best = np.full(len(archs), np.inf)
    order = np.random.default_rng(seed)
    deadline = time.monotonic() + seconds
    with torch.inference_mode():
        for number in range(ROUNDS.stop - 1):
            if number >= ROUNDS.start and time.monotonic() > deadline:
                break
            for row in order.permutation(len(archs)):
                model, values = models[row], inputs[row]
                best[row] = min(best[row], _burst(model, values))
    return best


def _burst(model: StudentModel, inputs: tuple[torch.Tensor, ...]) -> float:
    """Lower quartile of a few calls in a row, after one call that fills the caches."""
    first = clocked(lambda values: model(*values), inputs)
    calls = max(2, min(CALLS, int(BURST_MS / max(first, 1e-3))))
    return float(np.quantile([clocked(lambda values: model(*values), inputs) for _ in range(calls)], 0.25))
