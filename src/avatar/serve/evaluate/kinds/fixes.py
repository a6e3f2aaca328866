"""Functions before and after a fix of a vulnerability: does the student prefer the version before?"""

from collections.abc import Sequence

import numpy as np

from avatar.common.errors import DataError
from avatar.metrics import fix_scores
from avatar.metrics.fixes import interval
from avatar.metrics.ranking import auc
from avatar.serve.evaluate.functions import encoded
from avatar.serve.evaluate.kinds.base import KINDS, Example, Kind, Scored
from avatar.serve.predictor import Predictor


def score(predictor: Predictor, examples: Sequence[Example]) -> Scored:
    """Pairwise accuracy, the AUC of all versions, and how many versions before and after are reported."""
    read = encoded(predictor, [function for example in examples for function in example.functions])
    changed = np.asarray([one != other for one, other in zip(read.texts[0::2], read.texts[1::2], strict=True)])
    equal = int((~changed).sum())
    if not changed.any():
        raise DataError(
            f"the functions before and after are the same to the student in all {equal:,} rows",
            "give the function before the fix in one column, and the function after it in the other",
        )
    chances = predictor.compare(read.vectors)[:, 1]
    before, after = chances[0::2][changed], chances[1::2][changed]
    threshold = predictor.config.threshold
    scores = fix_scores(before, after)
    notes = [_certainty(scores["pairwise_accuracy"], len(before))]
    if equal:
        notes.append(f"{equal:,} fixes change nothing that the student reads (such as comments), and are left out")
    return Scored(
        {**scores, "auc": auc(before, after)},
        {
            "fixes": len(before),
            "reported before": int((before >= threshold).sum()),
            "reported after": int((after >= threshold).sum()),
        },
        (*notes, *read.warnings),
        threshold,
    )


def _certainty(share: float, count: int) -> str:
    low, high = interval(share, count)
    verdict = "so this is no better than guessing" if low <= 0.5 else "so this is better than guessing"
    if high < 0.5:
        verdict = "so this is worse than guessing"
    return (
        f"of fixes like these, {100 * low:.1f} to {100 * high:.1f} % are ranked right (95 % interval); chance is 50 %, "
        f"{verdict}"
    )


KINDS.register("fixes")(Kind("functions before and after a fix", ("before", "after"), ("function",), score))
