"""The distillation loss."""

import torch
from torch import Tensor
from torch.nn import functional as F


def distillation_loss(
    logits: Tensor, soft: Tensor, hard: Tensor, temperature: float, hard_share: float
) -> Tensor:
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
