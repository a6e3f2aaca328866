"""What every stage is given: the configuration, the store of artifacts, and the data."""

from dataclasses import dataclass

from avatar.config.schema import Config
from avatar.data.overlaps import Overlaps
from avatar.data.records import Corpus
from avatar.pipeline.artifacts import ArtifactStore


@dataclass(frozen=True)
class Context:
    """The job: its configuration and where its artifacts are."""

    cfg: Config
    store: ArtifactStore


@dataclass(frozen=True)
class Data:
    """The corpus, its overlaps, and a key that changes with any function, example or split."""

    corpus: Corpus
    overlaps: Overlaps
    key: str
