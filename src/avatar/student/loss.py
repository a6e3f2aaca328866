"""The distillation losses: of answers, and of the distances between functions."""

import torch
from torch import Tensor
from torch.nn import functional as F

SMALLEST_DISTANCE = 1e-6
"""Mean distances are not taken for less, so that equal functions divide nothing by 0."""


def distillation_loss(logits: Tensor, soft: Tensor, hard: Tensor, temperature: float, hard_share: float) -> Tensor:
    """Mean loss of a batch (Hinton et al. 2015, section 2; the paper's equation 6 where hard_share is 0).

    (1 - hard_share) * T^2 * KL(softmax(soft / T) || softmax(logits / T)) + hard_share * CE(logits, hard).
    `logits` and `soft` (examples, classes) are logits, `hard` (examples,) class numbers. T^2 keeps the
    size of the gradient independent of the temperature. A row of `soft` that is not finite has no soft
    label and learns from its hard one with weight 1.
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
    """How unlike the teacher's the distances between the functions of a batch are (Park et al. 2019, equation 4).

    The Huber loss of all pairwise distances, each side's in units of its mean, so that widths and scales may
    differ. `vectors` (functions, hidden), `teacher` (functions, width). A function alone has no distance: 0.
    """
    if len(vectors) < 2:
        return vectors.sum() * 0.0
    ours, theirs = _relative_distances(vectors), _relative_distances(teacher)
    return F.smooth_l1_loss(ours, theirs)


def _relative_distances(vectors: Tensor) -> Tensor:
    distances = F.pdist(vectors.float())
    return distances / distances.mean().clamp_min(SMALLEST_DISTANCE)
