"""The objective flips: how often a student's answer changes when only variable names change."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from avatar.code.languages import LANGUAGES
from avatar.data.records import SplitName
from avatar.search.objectives.base import OBJECTIVES, MeasuredObjective, TrainedCandidate

if TYPE_CHECKING:
    from avatar.config.schema import Config

EXAMPLES = 500
"""Number of valid examples on which the flips of a candidate are measured."""


@OBJECTIVES.register("flips")
class Flips(MeasuredObjective):
    """The share of predictions that change when variables are renamed (MORPH's prediction flips); in [0, 1]."""

    name: ClassVar[str] = "flips"
    title: ClassVar[str] = "share of predictions that flip under renaming"
    maximise: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    mlflow: ClassVar[str] = "robustness/flip_rate"

    def measure(self, candidate: TrainedCandidate) -> float:
        """The share of flips on at most `EXAMPLES` examples of valid."""
        from avatar.measure.judging import JUDGES
        from avatar.measure.student_flips import rewritten_languages, student_flips

        corpus, model = candidate.corpus, candidate.model
        tokens = candidate.tokens.truncated(model.arch.max_length)
        decision = JUDGES[corpus.task].fit(model, tokens, corpus, candidate.metric)
        flips = student_flips(
            model,
            candidate.tokenizer,
            decision,
            corpus,
            SplitName.VALID,
            EXAMPLES,
            rewritten_languages(corpus, SplitName.VALID, candidate.language),
            candidate.seed,
            kinds=("rename",),
        )
        return flips["rename"].rate

    def problems(self, cfg: "Config") -> Iterator[str]:
        """A missing `dataset.language`."""
        if cfg.dataset.language is None and not cfg.dataset.columns.get("language"):
            yield (
                "dataset.language is null; the objective 'flips' needs the programming language of the functions: "
                f"set it to one of {', '.join(LANGUAGES.names())}, or leave flips out of search.objectives"
            )
