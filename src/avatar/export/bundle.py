"""Writes a bundle from a trained student and counts it as written only when it answers as torch does."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from avatar.bundle import (
    ENCODER,
    HEAD,
    README,
    TOKENIZER,
    WEIGHTS,
    BundleConfig,
    read_bundle,
    write_config,
    write_manifest,
)
from avatar.common.errors import ArtifactError
from avatar.common.files import write_text, writing
from avatar.common.logging import get_logger
from avatar.data.records import Task
from avatar.data.tokenizers import MAX_CHARACTERS, PAD, encode_texts
from avatar.export.graphs import share_weights, write_encoder, write_head
from avatar.serve.predictor import length_batches, load_session, padded
from avatar.space.architecture import Architecture
from avatar.student.encoder import StudentModel

TOLERANCE = 1e-4
"""Largest accepted difference of a logit between torch and the exported graphs."""

log = get_logger("export")


@dataclass(frozen=True)
class ExportCheck:
    """How close the written bundle is to torch, and how large it is.

    `largest_difference` is the largest absolute difference of a logit over `examples` real inputs.
    """

    folder: Path
    examples: int
    largest_difference: float
    size_bytes: int


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
) -> ExportCheck:
    """Write `model` to `folder`, replacing a bundle that is there, and compare it with torch on real input.

    `example_texts` are functions, at least two for a pair: each is compared with the next. `card` is the
    text of README.md. A difference above `TOLERANCE`, in a logit or a vector, is an ArtifactError, and
    `folder` stays as it was.
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
        architecture=arch.as_dict(),
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
        _write_parts(model, tokenizer, config, place, card)
        difference = _largest_difference(model, tokenizer, config, place, example_texts)
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
    log.info(
        "bundle %s: %.2f MB, logits equal torch's within %.0e", folder, bundle.size_bytes / 1e6, difference
    )
    return ExportCheck(folder, len(example_texts), difference, bundle.size_bytes)


def _pad_id(tokenizer: Tokenizer) -> int:
    pad = tokenizer.token_to_id(PAD)
    if pad is None:
        raise ArtifactError(f"the tokenizer has no {PAD} token", "train it with avatar.data.tokenizers")
    return int(pad)


def _write_parts(
    model: StudentModel, tokenizer: Tokenizer, config: BundleConfig, place: Path, card: str
) -> None:
    """Everything but the manifest."""
    shipped = Tokenizer.from_str(tokenizer.to_str())
    shipped.no_padding()
    shipped.enable_truncation(config.max_length)
    write_text(place / TOKENIZER, shipped.to_str())
    write_config(place, config)
    write_text(place / README, card)
    state = {name: tensor.detach().cpu().float().contiguous() for name, tensor in model.state_dict().items()}
    with writing(place / WEIGHTS) as temporary:  # safetensors alone would let nobody else read the file
        save_file(state, str(temporary), metadata={"format": "pt"})
    for name, write in ((ENCODER, write_encoder), (HEAD, write_head)):
        write(model, place / name)
        share_weights(place / name, place / WEIGHTS)


def _largest_difference(
    model: StudentModel, tokenizer: Tokenizer, config: BundleConfig, place: Path, texts: Sequence[str]
) -> float:
    """Largest difference of a logit; an ArtifactError where it, or that of a vector, is above `TOLERANCE`."""
    rows = encode_texts(tokenizer, texts, config.max_length)
    encoder, head = load_session(place / ENCODER), load_session(place / HEAD)
    names = [entry.name for entry in head.get_inputs()]
    reference = _on_cpu(model)
    vectors = {"torch": np.zeros((len(rows), model.arch.vector_size), np.float32)}
    vectors["onnx"] = vectors["torch"].copy()
    with torch.inference_mode():
        for batch in length_batches([len(row) for row in rows]):
            ids, mask = padded([rows[row] for row in batch], config.pad_id)
            vectors["torch"][batch] = reference.encode(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
            vectors["onnx"][batch] = encoder.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        sides = {
            kind: [np.roll(found, -side, axis=0) for side in range(config.arity)]
            for kind, found in vectors.items()
        }
        stacked = torch.from_numpy(np.stack(sides["torch"], axis=1))
        expected = reference.classify(stacked).numpy()
    found = head.run(None, dict(zip(names, sides["onnx"], strict=True)))[0]
    for what, left, right in (("vector", vectors["torch"], vectors["onnx"]), ("logit", expected, found)):
        difference = float(np.abs(left - right).max())
        if not difference <= TOLERANCE:  # NaN too
            raise ArtifactError(
                f"the exported graphs differ from torch by {difference:.2e} in a {what}, "
                f"on {len(rows)} examples; {TOLERANCE:.0e} is allowed",
                "a student with enormous or missing weights does this: look at its training",
            )
    return difference


def _on_cpu(model: StudentModel) -> StudentModel:
    twin = StudentModel(model.arch, model.task)
    twin.load_state_dict(model.state_dict())
    return twin.float().eval()


def _replace(place: Path, folder: Path) -> None:
    """Put the finished `place` where `folder` is; what was there goes only after the new one is complete."""
    if folder.exists():
        old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.old."))
        folder.replace(old / "bundle")
        place.replace(folder)
        shutil.rmtree(old)
    else:
        place.replace(folder)
