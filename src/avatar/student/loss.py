"""The distillation losses: of the predictions, and of the distances between functions."""

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
