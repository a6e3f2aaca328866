"""Writes a bundle from a trained student, and keeps it only if its outputs equal those of torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from avatar.bundle import (
    PRECISIONS,
    README,
    TOKENIZER,
    BundleConfig,
    read_bundle,
    write_config,
    write_manifest,
)
from avatar.bundle.pair_head import PairHead
from avatar.code.text import DOCSTRINGS_KEPT, TextRules
from avatar.common.errors import ArtifactError
from avatar.common.files import write_text, writing
from avatar.common.folders import writing_folder
from avatar.common.logging import get_logger
from avatar.data.records import Task
from avatar.data.tokenizers import MAX_CHARACTERS, PAD, CodeTokenizer, tokenizer_of
from avatar.export.agreement import (
    TOLERANCE,
    Int8Outcome,
    Int8Trial,
    VectorTrial,
    judge_int8,
    largest_difference,
)
from avatar.export.graphs import share_weights, write_encoder, write_head
from avatar.export.int8 import dequantised_state, quantise_graph, quantised_state
from avatar.export.readme import files_section
from avatar.serve.predictor import Predictor
from avatar.space.architecture import Architecture
from avatar.student.encoder import StudentModel

log = get_logger("export")


@dataclass(frozen=True)
class ExportCheck:
    """How close the written bundle is to torch, and how large it is.

    `largest_difference` is the largest absolute difference of a logit over `examples` real inputs. `int8` is
    None if that variant was not requested.
    """

    folder: Path
    examples: int
    largest_difference: float
    size_bytes: int
    int8: Int8Outcome | None = None


def default_labels(task: Task) -> tuple[str, str]:
    """Names of the labels 0 and 1."""
    return ("clean", "vulnerable") if task is Task.FUNCTION else ("different", "clone")


def export_bundle(
    model: StudentModel,
    tokenizer: CodeTokenizer,
    arch: Architecture,
    task: Task,
    folder: Path,
    example_texts: Sequence[str],
    card: str,
    *,
    labels: tuple[str, str] | None = None,
    threshold: float = 0.5,
    temperature: float = 1.0,
    int8: Int8Trial | VectorTrial | None = None,
    pair_head: PairHead | None = None,
    text: TextRules = DOCSTRINGS_KEPT,
    languages: tuple[str, ...] = (),
) -> ExportCheck:
    """Write `model` to `folder`, which replaces an existing bundle, and compare it with torch on real input.

    `example_texts` are functions, at least two for the pair task: each is compared with the next. `card` is the
    text of README.md; a table of the files and the checks is appended. A difference above `TOLERANCE`, in a logit or
    a vector, is an ArtifactError, and `folder` is not changed. With `int8` that variant is written too, and kept if
    its accuracy is (see `Int8Trial`). `text` and `languages` are those of the training corpus. A student
    whose answer is a vector needs its calibrated `pair_head`.
    """
    if len(example_texts) < task.arity:
        raise ArtifactError(
            f"the export needs example texts for its check, {len(example_texts)} given",
            f"give at least {task.arity}, from the data set of the student",
        )
    config = BundleConfig(
        task=task.value,
        max_length=arch.max_length,
        labels=labels or default_labels(task),
        threshold=threshold,
        temperature=temperature,
        pad_id=_pad_id(tokenizer),
        max_characters=MAX_CHARACTERS,
        languages=languages,
        text=text,
        architecture=arch.as_dict(),
        reads_a_set=arch.reads_a_set and arch.window == 1,
        symmetric=arch.symmetric or task.grouped,
        pair_head=pair_head,
    )
    folder = folder.resolve()
    with writing_folder(folder) as temporary:
        _write_parts(model, tokenizer, config, temporary, with_int8=int8 is not None)
        difference = largest_difference(_on_cpu(model), tokenizer, config, temporary, example_texts)
        what = "Logits and vectors" if config.has_head else "Vectors"
        checks = [
            f"{what} of the graphs equal those of torch within {TOLERANCE:.0e}, on "
            f"{len(example_texts)} functions of the data set."
        ]
        outcome = None
        if int8 is not None:
            rounded_model = _on_cpu(model, rounded=True)
            largest_difference(rounded_model, tokenizer, config, temporary, example_texts, "int8")
            write_text(temporary / README, card)
            write_manifest(temporary)
            outcome = judge_int8(temporary, int8)
            (log.info if outcome.kept else log.warning)(outcome.sentence)
            checks.append(outcome.sentence)
            if int8.alone or not outcome.kept:
                _drop(temporary, "fp32" if outcome.kept else "int8")
        write_text(temporary / README, card.rstrip("\n") + "\n\n" + files_section(temporary, checks))
        write_manifest(temporary)
        for precision in read_bundle(temporary).precisions:
            Predictor(temporary, precision=precision)  # it must pass the checks of those who use it
    bundle = read_bundle(folder)
    log.info(
        "bundle %s: %.2f MB; its answers differ from PyTorch's by at most %.0e",
        folder,
        bundle.size_bytes / 1e6,
        difference,
    )
    return ExportCheck(folder, len(example_texts), difference, bundle.size_bytes, outcome)


def _pad_id(tokenizer: CodeTokenizer) -> int:
    pad = tokenizer.token_to_id(PAD)
    if pad is None:
        raise ArtifactError(f"the tokenizer has no {PAD} token", "train it with avatar.data.tokenizers")
    return int(pad)


def _write_parts(
    model: StudentModel, tokenizer: CodeTokenizer, config: BundleConfig, temporary: Path, with_int8: bool
) -> None:
    """Write all files except README.md and the manifest."""
    shipped = tokenizer_of(tokenizer.to_str())
    shipped.no_padding()
    shipped.enable_truncation(config.max_length)
    write_text(temporary / TOKENIZER, shipped.to_str())
    write_config(temporary, config)
    state = {name: tensor.detach().cpu().float().numpy() for name, tensor in model.state_dict().items()}
    fp32, int8 = PRECISIONS["fp32"], PRECISIONS["int8"]
    _write_weights(state, temporary / fp32.weights)
    if with_int8:
        _write_weights(quantised_state(state), temporary / int8.weights)
    graphs = [(fp32.encoder, int8.encoder, write_encoder)]
    if config.has_head:
        graphs.append((fp32.head, int8.head, write_head))
    for name, small, write in graphs:
        write(model, temporary / name)
        if with_int8:
            quantise_graph(temporary / name, temporary / small)
            share_weights(temporary / small, temporary / int8.weights)
        share_weights(temporary / name, temporary / fp32.weights)


def _write_weights(state: Mapping[str, NDArray[Any]], path: Path) -> None:
    arrays = {name: np.ascontiguousarray(array) for name, array in state.items()}
    with writing(path) as partial_file:  # safetensors alone makes a file that only its owner can read
        save_file(arrays, str(partial_file), metadata={"format": "pt"})


def _on_cpu(model: StudentModel, rounded: bool = False) -> StudentModel:
    """A copy in eval mode; with `rounded`, its weights are rounded to int8 and back."""
    duplicate = StudentModel(model.arch, model.task)
    state = {name: tensor.detach().cpu().float() for name, tensor in model.state_dict().items()}
    if rounded:
        arrays = dequantised_state(quantised_state({name: tensor.numpy() for name, tensor in state.items()}))
        state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    duplicate.load_state_dict(state)
    return duplicate.float().eval()


def _drop(temporary: Path, precision: str) -> None:
    for name in PRECISIONS[precision].names:
        (temporary / name).unlink(missing_ok=True)
