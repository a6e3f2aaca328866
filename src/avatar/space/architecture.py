"""One student architecture: a value for each gene."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from avatar.common.errors import ConfigError, did_you_mean
from avatar.space.genes import GENES
from avatar.space.genes.head import HEADS
from avatar.space.genes.pooling import POOLINGS
from avatar.space.genes.vocabulary import LONGEST as LONGEST


@dataclass(frozen=True, slots=True)
class Architecture:
    """The genes from which a student is built and trained. Names and units are those of the paper's table 1.

    `embedding_size` 0 means `hidden_size` (no factorisation). `pooling` and `head` are not in the paper; its students
    have "first" and "concat". With `layers` 0 the embeddings are pooled. Then windows of `window` tokens (an odd
    number) are features besides the single tokens, a convolution as in Kim 2014; 1 means no windows. With `wide` 1,
    a function's logits also have the sum of a learned weight of each token.
    """

    tokenizer: str = "bpe"
    vocab_size: int = 10_000
    layers: int = 1
    hidden_size: int = 64
    hidden_act: str = "gelu"
    hidden_dropout: float = 0.2
    intermediate_size: int = 256
    heads: int = 4
    attention_dropout: float = 0.2
    max_length: int = 400
    position: str = "absolute"
    learning_rate: float = 1e-3
    batch_size: int = 32
    pooling: str = "first"
    head: str = "concat"
    embedding_size: int = 0
    window: int = 1
    wide: int = 0

    @property
    def token_width(self) -> int:
        """Width of the token table: `embedding_size`, or `hidden_size` where that is 0."""
        return self.embedding_size or self.hidden_size

    @property
    def vector_size(self) -> int:
        """Width of a function's pooled vector: `hidden_size` for single tokens, and again for windows, if any."""
        return self.hidden_size * (2 if self.window > 1 else 1)

    @property
    def reads_a_set(self) -> bool:
        """Whether this student sees a function only as a set of tokens or of windows of tokens."""
        return self.layers == 0 and POOLINGS[self.pooling].reads_a_set and self.position == "none"

    @property
    def symmetric(self) -> bool:
        """Whether the pairs (a, b) and (b, a) get the same answer."""
        return HEADS[self.head].symmetric

    def as_dict(self) -> dict[str, Any]:
        """A plain dictionary, in the order of the fields."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Architecture":
        """The architecture from a dictionary as `as_dict` gives it; an unknown gene is a ConfigError."""
        known = {field.name: field for field in dataclasses.fields(cls)}
        for name in values:
            if name not in known:
                raise ConfigError(f"no gene is called '{name}'", did_you_mean(str(name), known))
        casts = {"int": int, "float": float, "str": str}
        return cls(
            **{
                name: casts[str(getattr(known[name].type, "__name__", known[name].type))](value)
                for name, value in values.items()
            }
        )

    def __str__(self) -> str:
        return ", ".join(phrase for gene in GENES.values() if (phrase := gene.phrase(self)))


TYPES = {field.name: str(getattr(field.type, "__name__", field.type)) for field in dataclasses.fields(Architecture)}
"""int, float or str of each gene, in the order of `Architecture`."""
