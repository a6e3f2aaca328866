"""Dropout that costs a byte of chance a value instead of a draw: torch's own takes half of a small student's step."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEVELS = 256


def dropout(states: Tensor, share: float, training: bool) -> Tensor:
    """`states` with that share of its values set to 0 and the rest scaled up; as it is where not `training`.

    On the CPU the share is rounded to a 256th, and the rest scaled by exactly what is kept. Depends on
    torch's seed alone.
    """
    if not training or share == 0:
        return states
    if states.device.type != "cpu":
        return F.dropout(states, share, True)
    cut = min(round(share * LEVELS), LEVELS - 1)
    words = torch.empty(-(-states.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
    kept = words.view(torch.uint8)[: states.numel()].view(states.shape) >= cut
    return states * kept.to(states.dtype).mul_(LEVELS / (LEVELS - cut))


class Dropout(nn.Module):
    """`dropout` as a module."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, states: Tensor) -> Tensor:
        """The same shape."""
        return dropout(states, self.share, self.training)
