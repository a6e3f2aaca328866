"""Tiny students with random weights, and code to feed them, for tests of what comes after training."""

import argparse
import inspect
import json.decoder
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from avatar.bundle import PairHead
from avatar.code.text import DOCSTRINGS_KEPT, TextRules
from avatar.data.records import Task
from avatar.data.tokenizers import train_tokenizer
from avatar.export import ExportCheck, Int8Trial, VectorTrial, export_bundle
from avatar.space.architecture import Architecture
from avatar.student.encoder import StudentModel

TEXTS = [
    inspect.getsource(function)
    for module in (json.decoder, textwrap, argparse)
    for function in vars(module).values()
    if inspect.isfunction(function)
]


PAIR_HEAD = PairHead((0.0, 0.5), (4.0, 20.0), -9.0, -0.5, -1.0, 1e-4)


def tiny_architecture(**genes: object) -> Architecture:
    return Architecture.from_dict(
        {"vocab_size": 400, "hidden_size": 24, "heads": 2, "intermediate_size": 32, "max_length": 48, **genes}
    )


def tiny_student(arch: Architecture, task: Task, scale: float = 3.0) -> StudentModel:
    """In inference mode; its weights are large enough for the answers to differ between inputs."""
    torch.manual_seed(1)
    model = StudentModel(arch, task).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(scale)
    return model


def tiny_tokenizer() -> Tokenizer:
    return train_tokenizer("bpe", 400, TEXTS)


def tiny_bundle(
    folder: Path,
    task: Task,
    int8: Int8Trial | VectorTrial | None = None,
    scale: float = 3.0,
    text: TextRules = DOCSTRINGS_KEPT,
    languages: tuple[str, ...] = (),
    **genes: object,
) -> ExportCheck:
    arch = tiny_architecture(**genes)
    model = tiny_student(arch, task, scale)
    return export_bundle(
        model,
        tiny_tokenizer(),
        arch,
        task,
        folder,
        TEXTS[:8],
        "# A tiny student\n",
        int8=int8,
        text=text,
        languages=languages,
        pair_head=PAIR_HEAD if task.grouped else None,
    )


def tiny_trial(task: Task, **changes: Any) -> Int8Trial:
    """Random labels, and by default a tolerance that keeps int8 whatever it does."""
    labels = np.random.default_rng(1).integers(0, 2, len(TEXTS))
    pairs = list(zip(TEXTS, reversed(TEXTS), strict=True))
    return Int8Trial(pairs if task is Task.PAIR else TEXTS, labels, **{"tolerance": 1.0, **changes})
