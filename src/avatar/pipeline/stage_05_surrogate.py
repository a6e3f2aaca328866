"""Stage 5: a surrogate that predicts the accuracy of an untrained architecture, and says when it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.common.files import write_text
from avatar.common.logging import get_logger
from avatar.pipeline.context import Context
from avatar.pipeline.stage_04_candidates import Candidate
from avatar.space.architecture import Architecture
from avatar.space.space import SearchSpace
from avatar.surrogate.choice import Choice, choose

log = get_logger("surrogate")


@dataclass(frozen=True)
class Predictor:
    """The chosen surrogate over a space: expected accuracy (0 to 1) of each architecture, and its deviation."""

    space: SearchSpace
    choice: Choice
    key: str

    def accuracy(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """Expected valid accuracy, (n,)."""
        return self.predict(architectures)[0]

    def predict(self, architectures: Sequence[Architecture]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation, each (n,)."""
        mean, deviation = self.choice.model.predict(self.space.encode(architectures))
        return np.clip(mean, 0.0, 1.0), deviation


def run(context: Context, space: SearchSpace, candidates: Sequence[Candidate]) -> Predictor:
    """Choose and fit the regressor that cross-validation prefers, on all candidates so far."""
    cfg = context.cfg
    encoded = space.encode([candidate.arch for candidate in candidates])
    measured = np.asarray([candidate.accuracy for candidate in candidates])
    choice = choose(cfg.surrogate, encoded, measured, cfg.seed)
    log.info("surrogate: %s", choice.sentence)

    def build(folder: Path) -> dict[str, object]:
        lines = [f"{name}: {validation}" for name, validation in choice.validation.items()]
        write_text(folder / "validation.txt", "\n".join(lines) + "\n")
        return {"name": choice.name, "sentence": choice.sentence, "beats_constant": choice.beats_constant}

    reads = {"space": space.name, "surrogate": cfg.surrogate, "seed": cfg.seed,
             "candidates": [candidate.artifact.key for candidate in candidates]}  # fmt: skip
    artifact = context.store.make("surrogate", reads, build)
    return Predictor(space, choice, artifact.key)
