"""How sure a score is, where examples are not independent: pairs share functions."""

import numpy as np
from numpy.typing import NDArray

from avatar.common.seeding import generator
from avatar.data.cuts import METRICS

DRAWS = 500


def resampled_scores(
    answers: NDArray[np.int64],
    labels: NDArray[np.int64],
    members: NDArray[np.int64],
    metric: str = "accuracy",
    draws: int = DRAWS,
) -> NDArray[np.float64]:
    """Scores (draws, students) by `metric` of `data.cuts` under resampling of the functions, with replacement.

    `answers` (students, examples) are 0 or 1, like `labels` (examples,); `members` (examples, arity) are the functions
    of each example. An example counts as often as the product of the draws of its functions: for single functions that
    is the bootstrap (Efron 1979), for pairs the pigeonhole bootstrap (Owen 2007). All students see the same draws, so
    that their differences can be compared. The standard deviation of a column is the standard error of that score.
    """
    if answers.ndim != 2 or not answers.shape[1] == len(labels) == len(members) or not len(labels):
        raise ValueError(f"answers {answers.shape} and members {members.shape} for {len(labels)} labels")
    random = generator(0, "resampling")
    functions, place = np.unique(members, return_inverse=True)
    place = place.reshape(members.shape)
    yes, positive = answers == 1, labels == 1
    cells = [(yes & positive), (yes & ~positive), (~yes & positive), (~yes & ~positive)]
    counted = [cell.astype(np.float64) for cell in cells]
    scores = np.empty((draws, len(answers)))
    for draw in range(draws):
        times = np.bincount(random.integers(len(functions), size=len(functions)), minlength=len(functions))
        weight = times[place].prod(axis=1).astype(np.float64)
        if not weight.any():  # of a handful of pairs none may be drawn
            weight[:] = 1.0
        scores[draw] = METRICS.get(metric)(*(cell @ weight for cell in counted))
    return scores
