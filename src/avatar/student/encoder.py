"""The student model: embeddings, layers, pooling and head, all sized by an `Architecture`."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avatar.data.records import Task
from avatar.data.tokenizers import UNKNOWN_ID
from avatar.space.architecture import Architecture
from avatar.student.attention import SelfAttention
from avatar.student.heads import HEADS
from avatar.student.pooling import POOLINGS

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "relu": F.relu,
    "silu": F.silu,
    "gelu_new": lambda states: F.gelu(states, approximate="tanh"),
}


class Layer(nn.Module):
    """One post-norm transformer layer (Vaswani et al. 2017), as in BERT."""

    def __init__(self, arch: Architecture) -> None:
        super().__init__()
        self.attention = SelfAttention(
            arch.hidden_size, arch.heads, arch.attention_dropout, arch.position, arch.max_length
        )
        self.attention_norm = nn.LayerNorm(arch.hidden_size)
        self.up = nn.Linear(arch.hidden_size, arch.intermediate_size)
        self.down = nn.Linear(arch.intermediate_size, arch.hidden_size)
        self.output_norm = nn.LayerNorm(arch.hidden_size)
        self.dropout = nn.Dropout(arch.hidden_dropout)
        self.activation = ACTIVATIONS[arch.hidden_act]

    def forward(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """(functions, tokens, hidden) to the same shape."""
        states = self.attention_norm(states + self.dropout(self.attention(states, attention_mask)))
        inner = self.down(self.activation(self.up(states)))
        return self.output_norm(states + self.dropout(inner))


class StudentModel(nn.Module):
    """A classifier of functions or pairs of at most a few MB.

    Its parameters are those that `space.size.count_params` counts, one for one. `token_dropout` is the
    share of tokens that are replaced by the unknown token while training.
    """

    def __init__(
        self, arch: Architecture, task: Task, num_labels: int = 2, token_dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.arch = arch
        self.task = task
        self.token_dropout = token_dropout
        self.tokens = nn.Embedding(arch.vocab_size, arch.token_width)
        self.project = (
            nn.Linear(arch.token_width, arch.hidden_size, bias=False)
            if arch.token_width != arch.hidden_size
            else nn.Identity()
        )
        self.positions = (
            nn.Embedding(arch.max_length, arch.hidden_size) if arch.position == "absolute" else None
        )
        self.norm = nn.LayerNorm(arch.hidden_size)
        self.dropout = nn.Dropout(arch.hidden_dropout)
        self.layers = nn.ModuleList(Layer(arch) for _ in range(arch.layers))
        self.pool = POOLINGS[arch.pooling](arch.hidden_size)
        self.head = HEADS.get("single" if task is Task.FUNCTION else arch.head)(
            arch.hidden_size, arch.hidden_dropout, num_labels
        )
        self.apply(_initialise)

    def use_plain_attention(self, plain: bool) -> None:
        """Write attention out (for export and counting) or use torch's fused kernel."""
        for module in self.modules():
            if isinstance(module, SelfAttention):
                module.plain_attention = plain

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """One vector a function: token ids and mask (functions, tokens) to (functions, hidden)."""
        if self.training and self.token_dropout:
            hidden = torch.rand(input_ids.shape, device=input_ids.device) < self.token_dropout
            input_ids = input_ids.masked_fill(hidden, UNKNOWN_ID)
        states = self._embed(input_ids)
        for layer in self.layers:
            states = layer(states, attention_mask)
        pooled: Tensor = self.pool(states, attention_mask)
        return pooled

    def _embed(self, input_ids: Tensor) -> Tensor:
        """Normed token states (functions, tokens, hidden), with dropout while training.

        Without positions a token's state does not depend on its place, so where a training batch has more
        tokens than the vocabulary has entries, the table is projected, normed and dropped out instead of
        every token: the same feature of a token is then dropped wherever the token stands in the batch.
        """
        if self.training and self.positions is None and input_ids.numel() > self.arch.vocab_size:
            return F.embedding(input_ids, self.dropout(self.norm(self.project(self.tokens.weight))))
        states = self.project(self.tokens(input_ids))
        if self.positions is not None:
            states = states + self.positions(torch.arange(input_ids.shape[1], device=input_ids.device))
        dropped: Tensor = self.dropout(self.norm(states))
        return dropped

    def classify(self, vectors: Tensor) -> Tensor:
        """Logits (examples, labels) from the vectors of each example's functions, (examples, arity, hidden)."""
        logits: Tensor = self.head(vectors)
        return logits

    def forward(self, input_ids: Tensor, attention_mask: Tensor, members: Tensor) -> Tensor:
        """Logits (examples, labels): each distinct function is encoded once, `members` (examples, arity)."""
        return self.classify(self.encode(input_ids, attention_mask)[members])


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
