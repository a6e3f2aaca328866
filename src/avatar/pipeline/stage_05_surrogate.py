"""Stage 5: a surrogate that predicts the accuracy of an untrained architecture, and says when it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avatar.common.files import write_text
from avatar.common.logging import get_logger
from avatar.data.cuts import best_cut, score_of
from avatar.data.records import SplitName
from avatar.pipeline.context import Context, Data
from avatar.pipeline.stage_04_candidates import Candidate, asks_flips
from avatar.search.halving import FinalScores, final_scores, saved_share, schedule
from avatar.space.architecture import Architecture
from avatar.space.space import SearchSpace
from avatar.surrogate.choice import Choice, choose

log = get_logger("surrogate")

NOTHING_FAILED = float("-inf")
"""The floor below which no flip rate lies: that a student never flips doesn't mean that its training failed."""


@dataclass(frozen=True)
class Predictor:
    """The chosen surrogate over a space: expected accuracy (0 to 1) of each architecture, and its deviation.

    `scores` (candidates,) are what it learned from. `saved_share` is the part of the candidates' examples x
    epochs that successive halving saved, and `halving` says so; None and "" where all are trained in full.
    `robustness` is the surrogate of the flips, where the search asks for them.
    """

    space: SearchSpace
    choice: Choice
    key: str
    scores: FinalScores
    saved_share: float | None = None
    halving: str = ""
    robustness: Choice | None = None

    def accuracy(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """Expected valid accuracy, (n,)."""
        return self.predict(architectures)[0]

    def flips(self, architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        """Expected share of predictions that flip under renaming, (n,); the search must have asked for it."""
        assert self.robustness is not None
        return np.clip(self.robustness.model.predict(self.space.encode(architectures))[0], 0.0, 1.0)

    def predict(self, architectures: Sequence[Architecture]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation, each (n,)."""
        mean, deviation = self.choice.model.predict(self.space.encode(architectures))
        return np.clip(mean, 0.0, 1.0), deviation


def run(context: Context, data: Data, space: SearchSpace, candidates: Sequence[Candidate]) -> Predictor:
    """Choose and fit the regressor that cross-validation prefers, on all candidates so far.

    Candidates that successive halving left behind count with the score that they are estimated to reach.
    """
    cfg = context.cfg
    encoded = space.encode([candidate.arch for candidate in candidates])
    rungs = schedule(cfg.surrogate)
    scores = final_scores([candidate.scores for candidate in candidates], len(rungs))
    choice = choose(cfg.surrogate, encoded, scores.mean, cfg.seed, constant_score(data, cfg.dataset.metric))
    log.info("surrogate: %s", choice.sentence)
    saved, halving = None, ""
    if len(rungs) > 1:
        saved = saved_share([len(candidate.trainings) for candidate in candidates], rungs)
        halving = _halving_sentence(scores, len(rungs), saved)
        log.info("surrogate: %s", halving)

    def build(folder: Path) -> dict[str, object]:
        lines = [f"{name}: {validation}" for name, validation in choice.validation.items()]
        write_text(folder / "validation.txt", "\n".join(lines) + "\n")
        return {
            "name": choice.name,
            "sentence": choice.sentence,
            "beats_constant": choice.beats_constant,
            "halving_saved_share": saved,
        }

    reads = {
        "space": space.name,
        "surrogate": cfg.surrogate,
        "seed": cfg.seed,
        "candidates": [candidate.artifact.key for candidate in candidates],
    }
    artifact = context.store.make("surrogate", reads, build)
    robustness = None
    if asks_flips(cfg):
        # a student that learned little flips little: only full trainings tell something
        full = [place for place, candidate in enumerate(candidates) if candidate.complete]
        flips = np.array([candidates[place].flips for place in full])
        robustness = choose(cfg.surrogate, encoded[full], flips, cfg.seed, NOTHING_FAILED)
        log.info("surrogate of flips: %s", robustness.sentence)
    return Predictor(space, choice, artifact.key, scores, saved, halving, robustness)


def constant_score(data: Data, metric: str = "accuracy") -> float:
    """Score on valid of whoever knows nothing: what a collapsed student reaches.

    It is that of the best constant answer. By a metric with a threshold of its own, chance finds some cut in the noise
    that such a student has in place of logits: then it is what 95 of 100 random scores do not exceed.
    """
    labels = data.corpus.labels(SplitName.VALID)
    if metric == "accuracy":
        return best_cut(np.zeros(len(labels)), labels, metric).score
    random = np.random.default_rng(0)
    return float(np.quantile([score_of(random.normal(size=len(labels)), labels, metric) for _ in range(200)], 0.95))


def _halving_sentence(scores: FinalScores, rungs: int, saved: float) -> str:
    left = scores.deviation[~scores.measured]
    verdict = f"saved {100 * saved:.0f} %" if saved >= 0 else f"cost {-100 * saved:.0f} % more"
    sentence = (
        f"Successive halving over {rungs} rungs trained {scores.measured.sum()} of {len(scores.mean)} candidates "
        f"in full and {verdict} of their examples x epochs"
    )
    if not len(left):
        return f"{sentence}."
    return (
        f"{sentence}; the scores of the other {len(left)} are estimates from their shorter trainings, "
        f"+- {left.mean():.4f} on average."
    )
