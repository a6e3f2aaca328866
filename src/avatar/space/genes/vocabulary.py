"""Genes of the input: the kind of tokens, the size of the vocabulary, and the number of tokens read."""

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from avatar.data.records import Task
from avatar.data.tokenizers import TOKENIZERS
from avatar.space.genes.base import Columns, Cost, Name, Number, token_width

if TYPE_CHECKING:
    from avatar.space.architecture import Architecture

LONGEST = 2048
"""The largest `max_length` of any student."""


class TokenizerKind(Name):
    """Name of a registered tokenizer."""

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
        """Vocabulary size and kind of tokens."""
        return f"vocabulary of {arch.vocab_size} tokens ({arch.tokenizer})"


class MaxLength(Number):
    """Number of tokens read of a function. Their cost is counted by the genes that use them."""

    name = "max_length"
    smallest = 2
    largest = LONGEST
    largest_is = "the largest number of tokens that are stored per function"
    cost = Cost.GROWS
    shrinks = True
