"""The training of an n-gram student, without a teacher."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from avatar.common.logging import get_logger, progress
from avatar.student.loss import contrastive_loss
from avatar.student.ngrams.batches import Batches, BatchSizes
from avatar.student.ngrams.collection import Collection
from avatar.student.ngrams.encoder import NgramEncoder, Rows, bags
from avatar.student.ngrams.features import Vocabulary

AT_ONCE = 512
"""Functions encoded at once."""


@dataclass(frozen=True)
class Recipe:
    """The settings of a training. `dropped` is the largest share of a function's features that a step leaves out.

    `members` trainings, which differ in their seed, become one student.
    """

    features: int = 20_000
    structural_features: int = 29_000
    buckets: int = 2_048
    width: int = 256
    structure_width: int = 256
    structure_share: float = 0.5
    members: int = 4
    steps: int = 1_200
    warm_up: int = 100
    learning_rate: float = 3e-3
    weight_learning_rate: float = 3e-2
    temperature: float = 0.07
    dropped: float = 0.5
    within_language: float = 0.5
    structure_loss: float = 0.25
    mined_from: int = 150
    mined_every: int = 100
    seed: int = 0
    sizes: BatchSizes = field(default_factory=BatchSizes)


def train(
    collection: Collection, rows: Sequence[Rows], vocabulary: Vocabulary, recipe: Recipe, member: int = 0
) -> NgramEncoder:
    """The encoder of one member, for functions whose `rows` are those of `collection.codes`.

    The loss is the supervised contrastive loss of the vectors, plus `within_language` times the same among functions
    in one language (which are harder to tell apart), plus `structure_loss` times that of the block `structure` among
    near clones, whose names may differ. A loss that is not finite is an ArithmeticError.
    """
    torch.manual_seed(recipe.seed + 1000 * member)
    rng = np.random.default_rng([recipe.seed, member])
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
    language_of = np.unique(np.array(collection.languages), return_inverse=True)[1]
    log, mean = get_logger("student"), 0.0
    for step in progress(range(recipe.steps), f"training {member + 1} of {recipe.members} of the n-gram student"):
        schedule = min(1.0, (step + 1) / recipe.warm_up) * 0.5 * (1 + np.cos(np.pi * step / recipe.steps))
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * schedule
        if step >= recipe.mined_from and (step - recipe.mined_from) % recipe.mined_every == 0:
            batches.mine(_centres(encoder, collection.problems, rows, recipe.structure_share))
        batch = batches.draw()
        blocks = encoder.split([rows[one] for one in batch.functions])
        dropped = [[_dropped(one, recipe.dropped, rng) for one in block] for block in blocks]
        meaning, structure = encoder(bags(dropped[0]), bags(dropped[1]))
        vectors = encoder.joined(meaning, structure, recipe.structure_share)
        groups = torch.from_numpy(batch.groups)
        languages = torch.from_numpy(language_of[batch.functions])
        loss = contrastive_loss(vectors, groups, recipe.temperature)
        loss = loss + recipe.within_language * contrastive_loss(vectors, groups, recipe.temperature, within=languages)
        near = torch.from_numpy(batch.structures)
        if len(near):
            loss = loss + recipe.structure_loss * contrastive_loss(structure[near], groups[near], recipe.temperature)
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


def _centres(
    encoder: NgramEncoder, problems: Sequence[Sequence[int]], rows: Sequence[Rows], structure_share: float
) -> NDArray[np.float32]:
    """The mean vector of each problem's programs, with length 1, (problems, width)."""
    members = [one for group in problems for one in group]
    parts = []
    with torch.no_grad():
        for low in range(0, len(members), AT_ONCE):
            meanings, structures = encoder.split([rows[one] for one in members[low : low + AT_ONCE]])
            parts.append(encoder.joined(*encoder(bags(meanings), bags(structures)), structure_share))
    vectors = torch.cat(parts).numpy()
    owners = np.repeat(np.arange(len(problems)), [len(group) for group in problems])
    centres = np.zeros((len(problems), vectors.shape[1]), np.float32)
    np.add.at(centres, owners, vectors)
    return centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
