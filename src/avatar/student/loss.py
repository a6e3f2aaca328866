"""The losses: of the predictions, of the distances between functions, and of groups of clones."""

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST_DISTANCE = 1e-6
"""Smallest mean distance, which avoids a division by 0 if all functions are equal."""


def distillation_loss(logits: Tensor, soft: Tensor, hard: Tensor, temperature: float, hard_share: float) -> Tensor:
    """Mean loss of a batch (Hinton et al. 2015, section 2; the paper's equation 6 if hard_share is 0).

    (1 - hard_share) * T^2 * KL(softmax(soft / T) || softmax(logits / T)) + hard_share * CE(logits, hard).
    `logits` and `soft` (examples, classes) are logits, `hard` (examples,) class numbers. T^2 makes
    the size of the gradient independent of the temperature. A row of `soft` that is not finite has no soft
    label; its hard label has weight 1.
    """
    has_soft = soft.isfinite().all(dim=1)
    target = torch.where(has_soft[:, None], soft, torch.zeros_like(soft)) / temperature
    divergence = F.kl_div(
        (logits / temperature).log_softmax(1), target.log_softmax(1), reduction="none", log_target=True
    ).sum(1)
    weight = torch.where(has_soft, torch.full_like(divergence, hard_share), torch.ones_like(divergence))
    losses = (1 - weight) * temperature**2 * divergence
    losses = losses + weight * F.cross_entropy(logits, hard, reduction="none")
    return losses.mean()


def relation_loss(vectors: Tensor, teacher: Tensor) -> Tensor:
    """Huber loss between the student's and the teacher's distances of functions (Park et al. 2019, equation 4).

    Distances of all pairs of functions in a batch are divided by their mean, so widths and scales may differ.
    `vectors` (functions, hidden), `teacher` (functions, width). The loss of a single function is 0.
    """
    if len(vectors) < 2:
        return vectors.sum() * 0.0
    ours, theirs = _relative_distances(vectors), _relative_distances(teacher)
    return F.smooth_l1_loss(ours, theirs)


def _relative_distances(vectors: Tensor) -> Tensor:
    distances = F.pdist(vectors.float())
    return distances / distances.mean().clamp_min(SMALLEST_DISTANCE)


NO_GROUP = -1
"""The group of a function whose group is not known."""


def contrastive_loss(
    vectors: Tensor, groups: Tensor, temperature: float, at_once: int = 2048, within: Tensor | None = None
) -> Tensor:
    """The supervised contrastive loss L_out (Khosla et al. 2020, equation 2), mean over the functions with a clone.

    Of function i, it is the mean over its clones p of -log(exp(z_i z_p / T) / sum over a != i of exp(z_i z_a / T)).
    `vectors` (functions, width) have length 1; `groups` (functions,) are the numbers of their groups. Functions of
    group `NO_GROUP` are left out. A function without a clone in the batch is only a negative. Without any clones the
    loss is 0. `at_once` functions are compared with all others at once. With `within` (functions,), only functions with
    an equal number there are compared, for example those in one language.
    """
    known = groups != NO_GROUP
    vectors, groups = vectors[known], groups[known]
    within = torch.zeros_like(groups) if within is None else within[known]
    if len(vectors) < 2:
        return vectors.sum() * 0.0
    total, anchors = vectors.sum() * 0.0, 0
    for start in range(0, len(vectors), at_once):
        rows = torch.arange(start, min(start + at_once, len(vectors)), device=vectors.device)
        itself = torch.zeros(len(rows), len(vectors), dtype=torch.bool, device=vectors.device)
        itself[torch.arange(len(rows), device=vectors.device), rows] = True
        left_out = itself | (within[rows][:, None] != within[None, :])
        clones = (groups[rows][:, None] == groups[None, :]) & ~left_out
        hidden = torch.where(left_out.all(dim=1, keepdim=True), itself, left_out)  # at least one stays: no 0 / 0
        logits = (vectors[rows] @ vectors.T / temperature).masked_fill(hidden, float("-inf"))
        log_shares = logits - logits.logsumexp(dim=1, keepdim=True)
        counts = clones.sum(dim=1)
        of_each = -log_shares.masked_fill(~clones, 0.0).sum(dim=1) / counts.clamp_min(1)
        total = total + of_each[counts > 0].sum()
        anchors += int((counts > 0).sum())
    return total / max(1, anchors)


def similarity_loss(vectors: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Mean KL(teacher || student) of each function's similarities to the others (Fang et al. 2021, equation 3).

    The similarities are softmax(cosines / temperature) over the other functions of the batch, so the widths of
    `vectors` (functions, hidden) and `teacher` (functions, width) may differ. Rows of `teacher` that are not finite or
    all 0 have no vector, and are left out. With less than three functions, the loss is 0.
    """
    has_vector = teacher.isfinite().all(dim=1) & (teacher != 0).any(dim=1)
    vectors, teacher = vectors[has_vector].float(), teacher[has_vector].float()
    if len(vectors) < 3:
        return vectors.sum() * 0.0
    ours, theirs = (_log_similarities(part, temperature) for part in (vectors, teacher))
    return F.kl_div(ours, theirs, reduction="batchmean", log_target=True)


def _log_similarities(vectors: Tensor, temperature: float) -> Tensor:
    """Logarithm of the similarities, (functions, functions - 1)."""
    units = F.normalize(vectors, dim=1)
    count = len(units)
    others = ~torch.eye(count, dtype=torch.bool, device=units.device)
    return (units @ units.T / temperature)[others].view(count, count - 1).log_softmax(1)
