"""Writes a bundle from a trained student and counts it as written only when it answers as torch does."""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from avatar.bundle import (
    PRECISIONS,
    README,
    TOKENIZER,
    BundleConfig,
    read_bundle,
    write_config,
    write_manifest,
)
from avatar.code.text import DOCSTRINGS_KEPT, TextRules
from avatar.common.errors import ArtifactError
from avatar.common.files import write_text, writing
from avatar.common.logging import get_logger
from avatar.data.records import Task
from avatar.data.tokenizers import MAX_CHARACTERS, PAD
from avatar.export.agreement import TOLERANCE, Int8Outcome, Int8Trial, judge_int8, largest_difference
from avatar.export.graphs import share_weights, write_encoder, write_head
from avatar.export.int8 import dequantised_state, quantise_graph, quantised_state
from avatar.export.readme import files_section
from avatar.space.architecture import Architecture
from avatar.student.encoder import StudentModel

log = get_logger("export")


@dataclass(frozen=True)
class ExportCheck:
    """How close the written bundle is to torch, and how large it is.

    `largest_difference` is the largest absolute difference of a logit over `examples` real inputs. `int8` is
    None where that variant was not asked for.
    """

    folder: Path
    examples: int
    largest_difference: float
    size_bytes: int
    int8: Int8Outcome | None = None


def default_labels(task: Task) -> tuple[str, str]:
    """Names of the labels 0 and 1."""
    return ("different", "clone") if task is Task.PAIR else ("clean", "vulnerable")


def export_bundle(
    model: StudentModel,
    tokenizer: Tokenizer,
    arch: Architecture,
    task: Task,
    folder: Path,
    example_texts: Sequence[str],
    card: str,
    *,
    labels: tuple[str, str] | None = None,
    threshold: float = 0.5,
    temperature: float = 1.0,
    int8: Int8Trial | None = None,
    text: TextRules = DOCSTRINGS_KEPT,
    languages: tuple[str, ...] = (),
) -> ExportCheck:
    """Write `model` to `folder`, replacing a bundle that is there, and compare it with torch on real input.

    `example_texts` are functions, at least two for a pair: each is compared with the next. `card` is the
    text of README.md; what each file is and how it was checked is added to it. A difference above
    `TOLERANCE`, in a logit or a vector, is an ArtifactError, and `folder` stays as it was. With `int8` that
    variant is written too, and stays where its accuracy does. `text` and `languages` are those of the corpus that
    the student learned from.
    """
    if len(example_texts) < task.arity:
        raise ArtifactError(
            f"{len(example_texts)} example texts were given to check the export with",
            f"give at least {task.arity}, from the data that the student will see",
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
        symmetric=arch.symmetric,
    )
    folder = folder.resolve()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise ArtifactError(
            f"cannot write the bundle {folder}: {error.strerror or error}",
            "free some disk space, or choose another folder that you may write to",
        ) from error
    try:
        _write_parts(model, tokenizer, config, place, with_int8=int8 is not None)
        difference = largest_difference(_on_cpu(model), tokenizer, config, place, example_texts)
        checks = [
            f"Logits and vectors of the graphs equal those of torch within {TOLERANCE:.0e}, on "
            f"{len(example_texts)} functions of the data set."
        ]
        outcome = None
        if int8 is not None:
            twin = _on_cpu(model, rounded=True)
            largest_difference(twin, tokenizer, config, place, example_texts, "int8")
            write_text(place / README, card)
            write_manifest(place)
            outcome = judge_int8(place, int8)
            (log.info if outcome.kept else log.warning)(outcome.sentence)
            checks.append(outcome.sentence)
            if int8.alone or not outcome.kept:
                _drop(place, "fp32" if outcome.kept else "int8")
        write_text(place / README, card.rstrip("\n") + "\n\n" + files_section(place, checks))
        write_manifest(place)
        place.chmod(0o755)
        _replace(place, folder)
    except OSError as error:
        raise ArtifactError(
            f"cannot write the bundle {folder}: {error.strerror or error}",
            "free some disk space, or choose another folder that you may write to",
        ) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)
    bundle = read_bundle(folder)
    log.info("bundle %s: %.2f MB, logits equal torch's within %.0e", folder, bundle.size_bytes / 1e6, difference)
    return ExportCheck(folder, len(example_texts), difference, bundle.size_bytes, outcome)


def _pad_id(tokenizer: Tokenizer) -> int:
    pad = tokenizer.token_to_id(PAD)
    if pad is None:
        raise ArtifactError(f"the tokenizer has no {PAD} token", "train it with avatar.data.tokenizers")
    return int(pad)


def _write_parts(model: StudentModel, tokenizer: Tokenizer, config: BundleConfig, place: Path, with_int8: bool) -> None:
    """Everything but the card and the manifest."""
    shipped = Tokenizer.from_str(tokenizer.to_str())
    shipped.no_padding()
    shipped.enable_truncation(config.max_length)
    write_text(place / TOKENIZER, shipped.to_str())
    write_config(place, config)
    state = {name: tensor.detach().cpu().float().numpy() for name, tensor in model.state_dict().items()}
    fp32, int8 = PRECISIONS["fp32"], PRECISIONS["int8"]
    _write_weights(state, place / fp32.weights)
    if with_int8:
        _write_weights(quantised_state(state), place / int8.weights)
    graphs = ((fp32.encoder, int8.encoder, write_encoder), (fp32.head, int8.head, write_head))
    for name, small, write in graphs:
        write(model, place / name)
        if with_int8:
            quantise_graph(place / name, place / small)
            share_weights(place / small, place / int8.weights)
        share_weights(place / name, place / fp32.weights)


def _write_weights(state: Mapping[str, NDArray[Any]], path: Path) -> None:
    arrays = {name: np.ascontiguousarray(array) for name, array in state.items()}
    with writing(path) as temporary:  # safetensors alone would let nobody else read the file
        save_file(arrays, str(temporary), metadata={"format": "pt"})


def _on_cpu(model: StudentModel, rounded: bool = False) -> StudentModel:
    """A copy in eval mode; `rounded` to what int8 holds."""
    twin = StudentModel(model.arch, model.task)
    state = {name: tensor.detach().cpu().float() for name, tensor in model.state_dict().items()}
    if rounded:
        arrays = dequantised_state(quantised_state({name: tensor.numpy() for name, tensor in state.items()}))
        state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    twin.load_state_dict(state)
    return twin.float().eval()


def _drop(place: Path, precision: str) -> None:
    for name in PRECISIONS[precision].names:
        (place / name).unlink()


def _replace(place: Path, folder: Path) -> None:
    """Put the finished `place` where `folder` is; what was there goes only after the new one is complete."""
    if folder.exists():
        old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.old."))
        folder.replace(old / "bundle")
        place.replace(folder)
        shutil.rmtree(old)
    else:
        place.replace(folder)
