"""One student architecture: the genes, frozen."""

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
    """Everything that a student is made and trained from. Names and units are those of the paper's table 1.

    `embedding_size` 0 means `hidden_size` (no factorisation). `pooling` and `head` are ours; the
    paper's are "first" and "concat". `layers` 0 pools the embeddings; there, `window` tokens side by side
    (an odd number) are features beside the single tokens, and 1 means none (Kim 2014's convolution).
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

    @property
    def token_width(self) -> int:
        """Width of the token table: `embedding_size`, or `hidden_size` where that is 0."""
        return self.embedding_size or self.hidden_size

    @property
    def vector_size(self) -> int:
        """Width of a function's vector: features of single tokens, and as many of windows where there are any."""
        return self.hidden_size * (2 if self.window > 1 else 1)

    @property
    def reads_a_set(self) -> bool:
        """Whether a function is no more to this student than the set of its tokens or windows of tokens."""
        return self.layers == 0 and POOLINGS[self.pooling].reads_a_set and self.position == "none"

    @property
    def symmetric(self) -> bool:
        """Whether (a, b) and (b, a) get the same answer."""
        return HEADS[self.head].symmetric

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary, in the order of the fields."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Architecture":
        """The architecture of a dictionary such as `as_dict` gives; an unknown gene is a ConfigError."""
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
