"""The training of an n-gram student, without a teacher."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from avatar.common.logging import get_logger, progress
from avatar.student.loss import contrastive_loss
from avatar.student.ngrams.batches import Batches, BatchSizes
from avatar.student.ngrams.collection import Collection
from avatar.student.ngrams.encoder import Bags, NgramEncoder, Rows, bags
from avatar.student.ngrams.features import Vocabulary

AT_ONCE = 512
"""Functions encoded at once."""


@dataclass(frozen=True)
class Recipe:
    """The settings of a training. `dropped` is the largest share of a function's features that a step leaves out."""

    features: int = 40_000
    buckets: int = 4_096
    width: int = 256
    structure_width: int = 64
    steps: int = 1_200
    warm_up: int = 100
    learning_rate: float = 3e-3
    weight_learning_rate: float = 3e-2
    temperature: float = 0.07
    dropped: float = 0.5
    structure_dropped: float = 0.3
    structure_loss: float = 0.5
    mined_from: int = 150
    mined_every: int = 100
    seed: int = 0
    sizes: BatchSizes = field(default_factory=BatchSizes)


def train(collection: Collection, rows: Sequence[Rows], vocabulary: Vocabulary, recipe: Recipe) -> NgramEncoder:
    """An encoder for functions whose `rows` are those of `collection.codes`.

    The loss is the supervised contrastive loss on the vectors of `meaning`, plus `structure_loss` times the same on
    the vectors of `structure`, there among near clones only. A loss that is not finite is an ArithmeticError.
    """
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    encoder = NgramEncoder(vocabulary, recipe.buckets, recipe.width, recipe.structure_width)
    optimizer = torch.optim.Adam(
        [
            {"params": [encoder.meaning, encoder.structure], "base": recipe.learning_rate},
            {"params": [encoder.meaning_weights, encoder.structure_weights], "base": recipe.weight_learning_rate},
        ],
        lr=recipe.learning_rate,
        betas=(0.9, 0.99),
        fused=True,
    )
    batches = Batches(collection, recipe.sizes, rng)
    log, mean = get_logger("student"), 0.0
    for step in progress(range(recipe.steps), "training the n-gram student"):
        schedule = min(1.0, (step + 1) / recipe.warm_up) * 0.5 * (1 + np.cos(np.pi * step / recipe.steps))
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * schedule
        if step >= recipe.mined_from and (step - recipe.mined_from) % recipe.mined_every == 0:
            batches.mine(_centres(encoder, collection.problems, rows))
        batch = batches.draw()
        functions = [_dropped(rows[one], recipe.dropped, rng) for one in batch.functions]
        near = batch.functions[batch.structures]
        structures = [_dropped(rows[one], recipe.structure_dropped, rng) for one in near]
        meaning, structure = encoder(bags(functions), bags(structures))
        groups = torch.from_numpy(batch.groups)
        loss = contrastive_loss(meaning, groups, recipe.temperature)
        if len(near):
            near_groups = groups[torch.from_numpy(batch.structures)]
            loss = loss + recipe.structure_loss * contrastive_loss(structure, near_groups, recipe.temperature)
        value = loss.item()
        if not np.isfinite(value):
            raise ArithmeticError(f"the loss of step {step} is {value}")
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        mean = value if step == 0 else 0.98 * mean + 0.02 * value
        if (step + 1) % 200 == 0:
            log.info("step %d of %d: loss %.3f", step + 1, recipe.steps, mean)
    return encoder


def _dropped(rows: Rows, most: float, rng: np.random.Generator) -> Rows:
    """`rows` without a random share of at most `most`."""
    return rows[rng.random(len(rows)) >= most * rng.random()]


def _centres(encoder: NgramEncoder, problems: Sequence[Sequence[int]], rows: Sequence[Rows]) -> NDArray[np.float32]:
    """The mean vector of each problem's programs, with length 1, (problems, width)."""
    members = [one for group in problems for one in group]
    with torch.no_grad():
        table = encoder.tables()[0]
        parts = [bags([rows[one] for one in members[low : low + AT_ONCE]]) for low in range(0, len(members), AT_ONCE)]
        vectors = torch.cat([F.normalize(_sums(part, table), dim=1) for part in parts]).numpy()
    owners = np.repeat(np.arange(len(problems)), [len(group) for group in problems])
    centres = np.zeros((len(problems), vectors.shape[1]), np.float32)
    np.add.at(centres, owners, vectors)
    return centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)


def _sums(part: Bags, table: torch.Tensor) -> torch.Tensor:
    return F.embedding_bag(part.rows, table, part.starts, mode="sum")
