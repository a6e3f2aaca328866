"""Poolings: from token states to one vector per function. Their cost is in `space.genes.pooling`."""

from torch import Tensor, nn

from avatar.common.registry import Registry

POOLINGS: Registry[type[nn.Module]] = Registry("pooling")


@POOLINGS.register("first")
class First(nn.Module):
    """The state of the first token, the paper's choice."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()

    def forward(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """(functions, tokens, hidden) to (functions, hidden)."""
        return states[:, 0]


@POOLINGS.register("mean")
class Mean(nn.Module):
    """The mean over the tokens."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()

    def forward(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """(functions, tokens, hidden) to (functions, hidden)."""
        weights = attention_mask.to(states.dtype)[:, :, None]
        return (states * weights).sum(1) / weights.sum(1).clamp_min(1.0)


@POOLINGS.register("max")
class Max(nn.Module):
    """The largest value of each feature over the tokens."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()

    def forward(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """(functions, tokens, hidden) to (functions, hidden)."""
        padding = -1e4 * (~attention_mask.bool()).to(states.dtype)
        return (states + padding[:, :, None]).amax(1)


@POOLINGS.register("attention")
class Attention(nn.Module):
    """A mean weighted by a learned score of each token."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.score = nn.Linear(hidden_size, 1)

    def forward(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """(functions, tokens, hidden) to (functions, hidden)."""
        padding = (~attention_mask.bool()).to(states.dtype)[:, :, None]
        weights = (self.score(states) - 1e4 * padding).softmax(1)
        return (states * weights).sum(1)
