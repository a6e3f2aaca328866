"""Multi-head self-attention with the three position kinds of the paper's table 1."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avatar.student.dropout import dropout


class SelfAttention(nn.Module):
    """Scaled dot-product attention over `heads`, with optional relative positions.

    `position` "relative_key" adds q . r(i - j) to the scores (Shaw et al. 2018), "relative_key_query"
    adds k . r(i - j) as well (Huang et al. 2020); "absolute" and "none" add nothing here. The table r
    has 2 * max_length - 1 rows. With `plain_attention`, separate operations replace torch's fused kernel, so that
    exporters and FLOP counters see them. With `shifted`, the relative scores are computed for all distances and
    then shifted, instead of reading one vector of r for each pair of positions.
    """

    def __init__(self, hidden_size: int, heads: int, dropout: float, position: str, max_length: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.heads = heads
        self.head_size = hidden_size // heads
        self.dropout = dropout
        self.position = position
        self.max_length = max_length
        self.plain_attention = False
        self.shifted = False
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(hidden_size, hidden_size)
        self.value = nn.Linear(hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, hidden_size)
        self.relative = position.startswith("relative_key")
        if self.relative:
            self.distance = nn.Embedding(2 * max_length - 1, self.head_size)

    def _split(self, states: Tensor) -> Tensor:
        functions, tokens, _ = states.shape
        return states.view(functions, tokens, self.heads, self.head_size).transpose(1, 2)

    def relative_scores(self, query: Tensor, key: Tensor) -> Tensor:
        """Position scores (functions, heads, tokens, tokens) of the relative kinds, before scaling."""
        tokens = query.shape[2]
        if self.shifted or self.training:
            return self._shifted_scores(query, key)
        index = torch.arange(tokens, device=query.device)
        table = self.distance(index[:, None] - index[None, :] + self.max_length - 1)
        scores = torch.einsum("bhid,ijd->bhij", query, table)
        if self.position == "relative_key_query":
            scores = scores + torch.einsum("bhjd,ijd->bhij", key, table)
        return scores

    def _shifted_scores(self, query: Tensor, key: Tensor) -> Tensor:
        """The same scores from the 2 * tokens - 1 distances that occur (Huang et al. 2018, section 3.4)."""
        tokens = query.shape[2]
        offsets = torch.arange(2 * tokens - 1, device=query.device)
        falling = self.distance(self.max_length + tokens - 2 - offsets)
        scores = _shift(query @ falling.transpose(0, 1))
        if self.position == "relative_key_query":
            rising = self.distance(self.max_length - tokens + offsets)
            scores = scores + _shift(key @ rising.transpose(0, 1)).transpose(-1, -2)
        return scores

    def forward(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """(functions, tokens, hidden) to the same shape; `attention_mask` (functions, tokens), True on tokens."""
        query, key, value = (self._split(layer(states)) for layer in (self.query, self.key, self.value))
        mask = attention_mask[:, None, None, :].bool()
        if self.plain_attention or self.relative or (self.training and self.dropout):
            scores = query @ key.transpose(-1, -2)
            if self.relative:
                scores = scores + self.relative_scores(query, key)
            scores = scores / math.sqrt(self.head_size)
            scores = scores + (~mask).to(scores.dtype) * -1e4
            weights = dropout(scores.softmax(dim=-1), self.dropout, self.training)
            context = weights @ value
        else:
            context = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.out(context.transpose(1, 2).flatten(2))


def _shift(scores: Tensor) -> Tensor:
    """`tokens` columns of row i of (functions, heads, tokens, 2 * tokens - 1), from column tokens - 1 - i on."""
    tokens, width = scores.shape[2], scores.shape[3]
    flat = F.pad(scores, (0, 1)).flatten(2)[:, :, tokens - 1 : tokens - 1 + tokens * width]
    return flat.reshape(*scores.shape)[:, :, :, :tokens]
