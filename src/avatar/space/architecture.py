"""One student architecture: the genes, frozen."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from avatar.common.errors import ConfigError, did_you_mean

TOKENIZERS = ("bpe", "wordpiece", "unigram", "word")
ACTIVATIONS = ("gelu", "relu", "silu", "gelu_new")
POSITIONS = ("absolute", "relative_key", "relative_key_query", "none")
POOLINGS = ("first", "mean", "max", "attention")
HEADS = ("concat", "interaction")
LONGEST = 2048
"""Most tokens of a function that any student reads."""


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
        return self.layers == 0 and self.pooling == "max" and self.position == "none"

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
        if self.layers == 0:
            seen = f"windows of {self.window}" if self.window > 1 else "single tokens"
            return (
                f"no layer, {self.hidden_size} wide over {seen}, {self.vocab_size} {self.tokenizer}, "
                f"{self.pooling}/{self.head}"
            )
        return (
            f"{self.layers} x {self.hidden_size} ({self.heads} heads, FFN {self.intermediate_size}), "
            f"{self.vocab_size} {self.tokenizer}, {self.pooling}/{self.head}"
        )
