"""Distillation: trains a student on soft labels, or on groups of clones, and saves it."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from avatar.common.errors import ArtifactError
from avatar.common.files import write_text, writing
from avatar.common.seeding import derive_seed, generator
from avatar.config.schema import DistillConfig, TrainerConfig
from avatar.data.batching import Examples, Readable, TokenTable
from avatar.data.datamodule import CodeDataModule, MakeSampler
from avatar.data.disjoint import whole_groups
from avatar.data.lightning_training import fit
from avatar.data.records import Corpus, SplitName, Task
from avatar.data.windows import distinct_windows
from avatar.space.architecture import Architecture
from avatar.student.averaged_module import AveragedModule
from avatar.student.contrast_module import ContrastModule
from avatar.student.distill_module import DistillModule
from avatar.student.encoder import StudentModel
from avatar.student.group_batches import GroupSampler, MineNegatives
from avatar.student.loss import NO_GROUP
from avatar.student.word_vectors import TokenVectors

WEIGHTS, SHAPE = "model.safetensors", "architecture.json"


@dataclass(frozen=True)
class Distilled:
    """A trained student, the metrics of each epoch, and the epoch whose weights were kept.

    `valid_score` is the score on valid by the metric of the training.
    """

    model: StudentModel
    history: tuple[dict[str, float], ...]
    best_epoch: int
    valid_score: float


def readable(arch: Architecture, tokens: TokenTable) -> Readable:
    """The training input for `arch`: tokens up to its maximum length, or distinct windows if it reads a set."""
    truncated = tokens.truncated(arch.max_length)
    return distinct_windows(truncated, arch.window) if arch.reads_a_set else truncated


def valid_examples(corpus: Corpus, tokens: Readable) -> Examples:
    """The valid examples of a student, with their languages."""
    split = SplitName.VALID
    languages = corpus.function_languages(split)
    return Examples(tokens, corpus.members(split), corpus.labels(split), languages=languages)


def distillation_examples(
    corpus: Corpus,
    tokens: Readable,
    soft: NDArray[np.float32] | None,
    cfg: DistillConfig,
    share: float = 1.0,
    seed: int = 0,
    variants: NDArray[np.int64] | None = None,
    vectors: NDArray[np.float32] | None = None,
) -> Examples:
    """The training examples of a student: the unlabelled half with its `soft` labels (examples, classes).

    Hard labels are the teacher's predictions, or the true labels if `cfg.hard_labels` is "truth". With
    `cfg.use_labeled`, the labelled half is added, with true labels and without soft labels; without
    `cfg.use_unlabeled`, only it is used. A `share` below 1 keeps this share of each class. `variants` and `vectors`
    are those of `Examples`.

    Groups of clones have no soft labels. The hard label of a function is its group; that of a function of the
    unlabelled half is `NO_GROUP`, unless `cfg.hard_labels` is "truth". A `share` then keeps this share of the groups.
    """
    if corpus.task.grouped:
        return _group_examples(corpus, tokens, cfg, share, seed, variants, vectors)
    assert soft is not None  # teachers of other tasks label the unlabelled half
    members = corpus.members(SplitName.UNLABELED)
    truth = corpus.labels(SplitName.UNLABELED)
    hard = truth if cfg.hard_labels == "truth" else soft.argmax(1).astype(np.int64)
    if cfg.use_labeled:
        labeled = corpus.members(SplitName.LABELED)
        members = np.concatenate([members, labeled])
        hard = np.concatenate([hard, corpus.labels(SplitName.LABELED)])
        soft = np.concatenate([soft, np.full((len(labeled), soft.shape[1]), np.nan, dtype=np.float32)])
    if not cfg.use_unlabeled:
        count = len(corpus.members(SplitName.UNLABELED))
        members, hard, soft = members[count:], hard[count:], soft[count:]
    rows = stratified_share(hard, share, seed) if share < 1 else np.arange(len(hard))
    return Examples(tokens, members[rows], hard[rows], soft[rows], variants, vectors)


def _group_examples(
    corpus: Corpus,
    tokens: Readable,
    cfg: DistillConfig,
    share: float,
    seed: int,
    variants: NDArray[np.int64] | None,
    vectors: NDArray[np.float32] | None,
) -> Examples:
    used = {SplitName.UNLABELED: cfg.use_unlabeled, SplitName.LABELED: cfg.use_labeled}
    splits = [split for split, wanted in used.items() if wanted]
    members = np.concatenate([corpus.members(split) for split in splits])
    groups = np.concatenate([corpus.labels(split) for split in splits])
    kept = (
        whole_groups(groups, (share, 1 - share), derive_seed(seed, "share"))[0] if share < 1 else np.arange(len(groups))
    )
    if cfg.hard_labels != "truth":
        unknown = np.repeat([split is SplitName.UNLABELED for split in splits], [len(corpus.splits[s]) for s in splits])
        groups = np.where(unknown, NO_GROUP, groups)
    return Examples(tokens, members[kept], groups[kept], None, variants, vectors)


def stratified_share(classes: NDArray[np.int64], share: float, seed: int) -> NDArray[np.int64]:
    """Sorted rows of a random share of each class, at least one row of each."""
    random = generator(seed, "share")
    parts = []
    for value in np.unique(classes):
        rows = random.permutation(np.flatnonzero(classes == value))
        parts.append(rows[: max(1, round(share * len(rows)))])
    return np.sort(np.concatenate(parts))


def distil(
    arch: Architecture,
    task: Task,
    train: Examples,
    valid: Examples,
    cfg: DistillConfig,
    trainer: TrainerConfig,
    seed: int,
    folder: Path,
    label: str = "student",
    metric: str = "accuracy",
    start: TokenVectors | None = None,
) -> Distilled:
    """Train a student of `arch`. A restarted training continues from the checkpoints in `folder`.

    The best epoch is that with the highest `metric` (`avatar.metrics`) on valid. Tokens with a vector in `start` begin
    with it, all other weights with random values.
    """
    torch.manual_seed(derive_seed(seed, "weights"))
    student = StudentModel(arch, task, token_dropout=cfg.token_dropout)
    if start is not None:
        student.start_tokens(start, derive_seed(seed, "start"))
    learning_rate, batch_size = cfg.learning_rate or arch.learning_rate, cfg.batch_size or arch.batch_size
    order = derive_seed(seed, "order")
    module: AveragedModule
    sampler: MakeSampler | None = None
    callbacks: tuple[pl.Callback, ...] = ()
    if task.grouped:
        module = ContrastModule(student, cfg, learning_rate, metric, valid.languages)
        sampler = partial(GroupSampler, train.labels, batch_size, cfg.group_functions, cfg.hard_negatives, order)
        callbacks = (MineNegatives(train, order),)
    else:
        module = DistillModule(student, cfg, learning_rate, metric)
    data = CodeDataModule(train, valid, batch_size, order, workers=trainer.num_workers, sampler=sampler)
    fitted = fit(
        module,
        data,
        trainer,
        epochs=cfg.epochs,
        seed=derive_seed(seed, "dropout"),
        folder=folder,
        label=label,
        examples=len(train),
        batch_size=batch_size,
        patience=cfg.patience,
        clip=cfg.clip,
        callbacks=callbacks,
    )
    return Distilled(module.evaluated.cpu().eval(), fitted.history, fitted.best_epoch, fitted.best_score)


def save_student(model: StudentModel, folder: Path) -> None:
    """Write weights (safetensors) and architecture (json) into `folder`."""
    with writing(folder / WEIGHTS) as temporary:
        save_file({name: value.contiguous() for name, value in model.state_dict().items()}, temporary)
    write_text(folder / SHAPE, json.dumps({"task": model.task, **model.arch.as_dict()}, indent=1) + "\n")


def read_student(folder: Path) -> StudentModel:
    """The student that `save_student` wrote; a missing or damaged file is an ArtifactError."""
    try:
        shape = json.loads((folder / SHAPE).read_text(encoding="utf-8"))
        model = StudentModel(
            Architecture.from_dict({name: value for name, value in shape.items() if name != "task"}),
            Task(shape["task"]),
        )
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ArtifactError(
            f"the student in {folder} cannot be read: {error}", "delete the folder and run again"
        ) from error
    return model.eval()
