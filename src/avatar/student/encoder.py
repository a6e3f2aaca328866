"""The student model: embeddings, layers, pooling and head, all sized by an `Architecture`."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from avatar.data.records import Task
from avatar.data.tokenizers import PAD_ID, UNKNOWN_ID
from avatar.space.architecture import Architecture
from avatar.student.attention import SelfAttention
from avatar.student.dropout import Dropout
from avatar.student.heads import HEADS, Vector
from avatar.student.pooling import POOLINGS
from avatar.student.word_vectors import TokenVectors

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "relu": F.relu,
    "silu": F.silu,
    "gelu_new": lambda states: F.gelu(states, approximate="tanh"),
}

TOKEN_SPREAD = 0.02
"""Standard deviation of a token table with random values."""


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
        self.dropout = Dropout(arch.hidden_dropout)
        self.activation = ACTIVATIONS[arch.hidden_act]

    def forward(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """(functions, tokens, hidden) to the same shape."""
        states = self.attention_norm(states + self.dropout(self.attention(states, attention_mask)))
        inner = self.down(self.activation(self.up(states)))
        return self.output_norm(states + self.dropout(inner))


class Windows(nn.Module):
    """Features of `window` tokens side by side: a convolution without an activation (Kim 2014)."""

    def __init__(self, hidden_size: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.mix = nn.Linear(window * hidden_size, hidden_size)

    def forward(self, states: Tensor) -> Tensor:
        """(functions, tokens + window - 1, hidden) to (functions, tokens, hidden)."""
        length = states.shape[1] - self.window + 1
        shifted = [states[:, start : start + length] for start in range(self.window)]
        mixed: Tensor = self.mix(torch.cat(shifted, dim=-1))
        return mixed

    def tables(self, table: Tensor) -> list[Tensor]:
        """What each token adds to a window's features, without bias: one (vocabulary, hidden) per position."""
        return [table @ part.T for part in self.mix.weight.chunk(self.window, dim=1)]


class StudentModel(nn.Module):
    """A small classifier of functions or pairs, or an encoder of functions, at most a few MB.

    Its number of parameters equals `space.size.count_params`. `token_dropout` is the
    share of tokens that are replaced by the unknown token in training. `vector_size` is the width of the vectors that
    `encode` gives: with the gene wide, the last number is the sum of the weights of a function's tokens.
    """

    def __init__(self, arch: Architecture, task: Task, num_labels: int = 2, token_dropout: float = 0.0) -> None:
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
        self.positions = nn.Embedding(arch.max_length, arch.hidden_size) if arch.position == "absolute" else None
        self.wide = nn.Parameter(torch.zeros(1, arch.vocab_size)) if arch.wide and task is Task.FUNCTION else None
        self.vector_size = arch.vector_size + (self.wide is not None)
        self.norm = nn.LayerNorm(arch.hidden_size)
        self.dropout = Dropout(arch.hidden_dropout)
        self.windows = Windows(arch.hidden_size, arch.window) if arch.window > 1 else None
        self.layers = nn.ModuleList(Layer(arch) for _ in range(arch.layers))
        self.pool = POOLINGS.get(arch.pooling)(arch.vector_size)
        self.head: nn.Module = (
            Vector()
            if task.grouped
            else HEADS.get("single" if task is Task.FUNCTION else arch.head)(
                arch.vector_size, arch.hidden_size, arch.hidden_dropout, num_labels
            )
        )
        self.apply(_initialise)

    def start_tokens(self, start: TokenVectors, seed: int = 0) -> None:
        """Give the tokens that have a vector a row that is made from it; all other rows stay random."""
        vectors = start.projected(self.arch.token_width, TOKEN_SPREAD, seed)
        with torch.no_grad():
            self.tokens.weight[torch.from_numpy(start.tokens)] = torch.from_numpy(vectors).to(self.tokens.weight)

    def use_plain_attention(self, plain: bool) -> None:
        """Use separate operations for attention (for export and FLOP counting) or torch's fused kernel."""
        for module in self.modules():
            if isinstance(module, SelfAttention):
                module.plain_attention = plain

    def encode(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """One vector per function: token ids and mask (functions, tokens) to (functions, vector_size).

        A student that reads a set also accepts the distinct windows of `data.windows`, ids (functions, windows,
        window), and gives the same vectors. If the vectors are the answer, they have length 1.
        """
        if self.training and self.token_dropout:
            hidden = torch.rand(input_ids.shape, device=input_ids.device) < self.token_dropout
            input_ids = input_ids.masked_fill(hidden, UNKNOWN_ID)
        vectors = self._vectors(input_ids, attention_mask)
        if self.wide is not None:
            ids = input_ids if input_ids.ndim == 2 else input_ids[:, :, 0]
            vectors = torch.cat([vectors, self._sum_of_weights(self.wide, ids, attention_mask)], dim=1)
        return F.normalize(vectors, dim=1) if self.task.grouped else vectors

    def _sum_of_weights(self, weights: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """The sum of the tokens' weights over the root of their number, (functions, 1), as in TF-IDF of unit length."""
        mask = attention_mask.to(weights.dtype)
        return (weights[0][input_ids] * mask).sum(1, keepdim=True) / mask.sum(1, keepdim=True).clamp_min(1.0).sqrt()

    def _vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        if input_ids.ndim == 3:
            return self._largest(input_ids)
        if self.windows is not None:
            return self._pooled_windows(input_ids, attention_mask)
        states = self._embed(input_ids)
        for layer in self.layers:
            states = layer(states, attention_mask)
        pooled: Tensor = self.pool(states, attention_mask)
        return pooled

    def _pooled_windows(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Vectors of a set of single tokens and windows, from token ids (functions, tokens)."""
        assert self.windows is not None
        side = self.windows.window // 2
        states = self._embed(F.pad(input_ids, (side, side), value=PAD_ID))
        single = states[:, side : side + input_ids.shape[1]]
        pooled: Tensor = self.pool(torch.cat([single, self.windows(states)], dim=-1), attention_mask)
        return pooled

    def _largest(self, windows: Tensor) -> Tensor:
        """The maximum over distinct windows (functions, windows, window) of ids.

        The indices of the largest values are computed without gradient; the gradient then passes only through
        these values, one per feature, instead of through some hundred windows. This, and the use of each distinct
        window once, makes these students fast to train.
        """
        table = self.dropout(self.norm(self.project(self.tokens.weight)))
        middle = windows.shape[2] // 2
        vectors = _largest_sum([table], windows[:, :, middle : middle + 1])
        if self.windows is None:
            return vectors
        wide = _largest_sum(self.windows.tables(table), windows) + self.windows.mix.bias
        return torch.cat([vectors, wide], dim=-1)

    def _embed(self, input_ids: Tensor) -> Tensor:
        """Normalised token states (functions, tokens, hidden), with dropout in training.

        Without positions, a token's state does not depend on its index. If a training batch has more tokens than
        the vocabulary, projection, norm and dropout are applied to the embedding table instead of to every token.
        Dropout then removes the same features of a token at all its occurrences in the batch.
        """
        if self.training and self.positions is None and input_ids.numel() > self.arch.vocab_size:
            return F.embedding(input_ids, self.dropout(self.norm(self.project(self.tokens.weight))))
        states = self.project(self.tokens(input_ids))
        if self.positions is not None:
            states = states + self.positions(torch.arange(input_ids.shape[1], device=input_ids.device))
        dropped: Tensor = self.dropout(self.norm(states))
        return dropped

    def classify(self, vectors: Tensor) -> Tensor:
        """Logits (examples, labels) from the vectors of each example's functions, (examples, arity, hidden).

        If the vectors are the answer, the vectors (examples, hidden) themselves.
        """
        if self.wide is None:
            logits: Tensor = self.head(vectors)
            return logits
        deep, margin = vectors[:, :, :-1], vectors[:, 0, -1:]
        return self.head(deep) + torch.cat([-margin, margin], dim=1) / 2  # type: ignore[no-any-return]

    def forward(self, input_ids: Tensor, attention_mask: Tensor, members: Tensor) -> Tensor:
        """Logits (examples, labels): each distinct function is encoded once; `members` (examples, arity)."""
        return self.classify(self.encode(input_ids, attention_mask)[members])


def _largest_sum(tables: list[Tensor], windows: Tensor) -> Tensor:
    """max over w of sum over p of tables[p][windows[:, w, p]], (functions, hidden).

    With gradients, the largest window is chosen by 12 bits of the sums' mantissa; its sum is exact.
    """
    learning = torch.is_grad_enabled()
    with torch.no_grad():
        stacked = torch.cat([table.detach().float() for table in tables])
        offsets = torch.arange(len(tables), device=windows.device) * len(tables[0])
        sums = F.embedding_bag((windows + offsets).flatten(0, 1), stacked, mode="sum")
        sums = sums.view(*windows.shape[:2], -1)
        if not learning:
            return sums.amax(1)
        best = _argmax(sums)
    parts = [table.gather(0, windows[:, :, position].gather(1, best)) for position, table in enumerate(tables)]
    return torch.stack(parts).sum(0)


def _argmax(values: Tensor) -> Tensor:
    """argmax over dimension 1 of (n, w, h) float32, (n, h) int64; `values` is overwritten.

    torch's argmax over a middle dimension takes ten times as long as its amax. So the lowest bits of each value
    are replaced by its index, and the maximum then contains the index.
    """
    bits = max(1, (values.shape[1] - 1).bit_length())
    indices = torch.arange(values.shape[1], dtype=torch.int32, device=values.device)[:, None]
    packed = values.view(torch.int32).bitwise_and_(-(1 << bits)).bitwise_or_(indices)
    largest = packed.view(torch.float32).amax(1).view(torch.int32)
    return largest.bitwise_and((1 << bits) - 1).long()


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=TOKEN_SPREAD)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
