"""The genes of a student. All facts about a gene are in its class."""

from avatar.space.genes.base import Columns, Cost, Gene
from avatar.space.genes.head import Head
from avatar.space.genes.layers import AttentionDropout, Heads, HiddenAct, IntermediateSize, Layers
from avatar.space.genes.pooling import Pooling
from avatar.space.genes.position import Position
from avatar.space.genes.recipe import BatchSize, HiddenDropout, LearningRate
from avatar.space.genes.vocabulary import MaxLength, TokenizerKind, VocabSize, Wide
from avatar.space.genes.width import EmbeddingSize, HiddenSize, Window

__all__ = ["GENES", "Columns", "Cost", "Gene"]

_LISTED: tuple[type[Gene], ...] = (
    HiddenSize,
    EmbeddingSize,
    Layers,
    IntermediateSize,
    Heads,
    Position,
    Window,
    HiddenAct,
    TokenizerKind,
    VocabSize,
    MaxLength,
    Wide,
    Pooling,
    Head,
    HiddenDropout,
    AttentionDropout,
    LearningRate,
    BatchSize,
)
GENES: dict[str, Gene] = {gene.name: gene() for gene in _LISTED}
"""By name, one for each field of `Architecture`. The order is that of the phrases in an architecture's name and of the
terms of the latency model."""
