"""Pooling of token states `states` (functions, tokens, hidden), with mask (functions, tokens), to vectors."""

from torch import Tensor


def first(states: Tensor, attention_mask: Tensor) -> Tensor:
    """The first token's state, as in the paper, (functions, hidden)."""
    return states[:, 0]


def largest(states: Tensor, attention_mask: Tensor) -> Tensor:
    """The maximum over the tokens, (functions, hidden)."""
    return states.masked_fill(~attention_mask.bool()[:, :, None], -1e4).amax(1)


def mean(states: Tensor, attention_mask: Tensor) -> Tensor:
    """The mean over the tokens, (functions, hidden)."""
    weights = attention_mask.to(states.dtype)[:, :, None]
    return (states * weights).sum(1) / weights.sum(1).clamp_min(1)
