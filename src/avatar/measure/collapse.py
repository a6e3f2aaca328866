"""Whether a training has collapsed: all answers are the same, or it ended well below a short training."""

from collections.abc import Mapping, Sequence

from avatar.data.lightning_training import SPREAD
from avatar.metrics import shown_metric

CONSTANT = 1e-3
"""Answers with a smaller standard deviation over valid are the same: of log-odds, or of vectors of length 1."""
DEVIATIONS = 3.0
"""A full training ends well below the short one if it is this many standard errors below."""


def constant_answers(history: Sequence[Mapping[str, float]]) -> str:
    """From which epoch to the last one the answers on valid were the same, as a clause; "" if they differ at the end.

    `history` has the metrics of each epoch. Answers that are not finite, of a loss that diverged, count as the same.
    """
    constant = [not CONSTANT <= epoch[SPREAD] < float("inf") for epoch in history]
    if not constant or not constant[-1]:
        return ""
    first = len(constant) - next((index for index, same in enumerate(reversed(constant)) if not same), len(constant))
    return f"from epoch {first + 1} of {len(history)} on, it gave the same answer to every example of valid"


def well_below(score: float, brief: float | None, error: float, metric: str) -> str:
    """That a full training ended well below the short one of the same architecture, as a clause; "" if it did not.

    `score` and `brief` are the scores on valid by `metric`, `error` is the standard error of `score`. Without a short
    training, `brief` is None.
    """
    if brief is None or brief - score <= DEVIATIONS * error or brief <= score:
        return ""
    shown = shown_metric(metric)
    return (
        f"it ended with {shown.title.removesuffix(' %')} {shown.text(score)} on valid, below the {shown.text(brief)} "
        f"of its short training by more than {DEVIATIONS:g} standard errors"
    )
