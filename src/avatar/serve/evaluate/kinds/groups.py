"""Functions in groups of clones."""

from collections.abc import Sequence

import numpy as np

from avatar.common.errors import DataError
from avatar.common.logging import progress
from avatar.metrics import VECTOR_METRICS
from avatar.metrics.vector_space import VectorSpace
from avatar.serve.evaluate.functions import encoded
from avatar.serve.evaluate.kinds.base import KINDS, Example, Kind, Scored
from avatar.serve.predictor import Predictor
from avatar.tables.fields import group_field


def score(predictor: Predictor, examples: Sequence[Example]) -> Scored:
    """Every metric of vectors. Of a group's functions with the same text, only the first counts."""
    read = encoded(predictor, [example.functions[0] for example in examples])
    numbers = {name: number for number, name in enumerate(dict.fromkeys(example.answer for example in examples))}
    groups = np.asarray([numbers[example.answer] for example in examples], dtype=np.int64)
    first = {(text, group): row for row, (text, group) in reversed([*enumerate(zip(read.texts, groups, strict=True))])}
    rows = np.sort(np.asarray(list(first.values()), dtype=np.int64))
    if len(np.unique(groups[rows])) == len(rows):
        raise DataError(
            f"no two different functions of the {len(groups):,} rows have the same group",
            "functions of one group are clones of each other: give each group at least two functions",
        )
    languages = [examples[row].functions[0].language for row in rows.tolist()]
    space = VectorSpace(read.vectors[rows, : predictor.hidden_size], groups[rows], languages)
    names = VECTOR_METRICS.names()
    scores = {name: VECTOR_METRICS.get(name).score(space) for name in progress(names, "computing scores", len(names))}
    repeated = len(groups) - len(rows)
    notes = (f"{repeated:,} rows repeat a function of their group and are left out",) if repeated else ()
    return Scored(scores, {"functions": len(rows), "groups": len(numbers)}, (*notes, *read.warnings))


KINDS.register("groups")(Kind("functions in groups of clones", ("code",), ("embedding",), score, "group", group_field))
