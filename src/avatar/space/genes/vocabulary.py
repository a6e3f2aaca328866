"""What a student reads: the kind of tokens, how many there are, and how many of a function."""

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.data.tokenizers import TOKENIZERS
from avatar.space.genes.base import Columns, Cost, Name, Number, token_width

if TYPE_CHECKING:
    from avatar.space.architecture import Architecture

LONGEST = 2048
"""Most tokens of a function that any student reads."""


class TokenizerKind(Name):
    """A registered kind of tokenizer."""

    name = "tokenizer"
    choices = tuple(TOKENIZERS)
    cost = Cost.NONE


class VocabSize(Number):
    """Rows of the token table."""

    name = "vocab_size"
    smallest = 8
    cost = Cost.GROWS
    shrinks = True

    def params(self, columns: Columns, task: Task) -> NDArray[Any]:
        """The token table."""
        return columns["vocab_size"] * token_width(columns)

    def phrase(self, arch: "Architecture") -> str:
        """With the kind of tokens."""
        return f"{arch.vocab_size} {arch.tokenizer}"


class MaxLength(Number):
    """Tokens of a function that are read; what they cost is counted where they are used."""

    name = "max_length"
    smallest = 2
    largest = LONGEST
    largest_is = "the most tokens that are kept of a function"
    cost = Cost.GROWS
    shrinks = True
