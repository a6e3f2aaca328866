"""What the evaluation splits share with the training: ids, twins (`data.twins`) and examples."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avatar.data.records import Corpus, Function, SplitName
from avatar.data.twins import TWINS

TRAINING = (SplitName.LABELED, SplitName.UNLABELED)
EVALUATION = (SplitName.VALID, SplitName.TEST)
UNTRUSTED = 0.1
"""If more than this share of a split's examples uses a function of the training, its scores are too optimistic."""


@dataclass(frozen=True)
class SplitOverlap:
    """What one evaluation split shares with the two training halves together."""

    functions: int
    """Distinct functions of the split."""
    shared_ids: int
    """Functions of the split whose id also occurs in the training."""
    twin_functions: int
    """Functions with a twin in the training (including those with a shared id)."""
    examples: int
    """Examples of the split."""
    touched_examples: int
    """Examples with at least one twin function."""


@dataclass(frozen=True)
class Overlaps:
    """What the splits of a corpus have in common."""

    valid: SplitOverlap
    test: SplitOverlap
    valid_and_test: int
    """Test functions whose body also occurs in valid."""
    shared_training: int
    """Distinct examples in both training halves."""
    rule: str = "text"
    """The rule by which functions are twins: a name of `TWINS`."""

    def sentences(self) -> tuple[str, ...]:
        """Sentences for the report, one for each overlap that is not zero."""
        sentences = []
        for name, part in (("test", self.test), ("valid", self.valid)):
            if part.twin_functions:
                sentences.append(
                    f"{part.twin_functions:,} of the {part.functions:,} {name} functions have a twin in the "
                    f"training splits ({TWINS.get(self.rule).meaning}; {part.shared_ids:,} have the same id): "
                    f"{part.touched_examples:,} of the {part.examples:,} {name} examples use such a function."
                )
                if part.touched_examples > UNTRUSTED * part.examples:
                    sentences.append(
                        f"Do not trust scores on {name}: {100 * part.touched_examples / part.examples:.0f} % of its "
                        f"examples use a function of the training"
                        + (", and valid chooses epochs, students and thresholds" if name == "valid" else "")
                        + f". Put other functions into {name}, or set dataset.drop_twins=true."
                    )
        if self.valid_and_test:
            sentences.append(f"{self.valid_and_test:,} test functions have a twin in valid.")
        if self.shared_training:
            sentences.append(f"The two training halves share {self.shared_training:,} examples.")
        return tuple(sentences)


def count_overlaps(corpus: Corpus) -> Overlaps:
    """Count what the splits of `corpus` share."""
    training, valid, test = (_functions(corpus, *splits) for splits in (TRAINING, EVALUATION[:1], EVALUATION[1:]))
    twins = _twins(corpus, [*valid, *test], training)  # at once: some rules read the whole training
    labeled, unlabeled = (set(corpus.splits[split]) for split in TRAINING)
    return Overlaps(
        valid=_overlap(corpus, SplitName.VALID, valid, training, twins),
        test=_overlap(corpus, SplitName.TEST, test, training, twins),
        valid_and_test=int(TWINS.get(corpus.twins).find(test, valid).sum()),
        shared_training=len(labeled & unlabeled),
        rule=corpus.twins,
    )


def twin_mask(corpus: Corpus, split: SplitName) -> NDArray[np.bool_]:
    """Which examples of `split` use a function with a twin in the training, (examples,)."""
    return _uses_twin(corpus, split, _twins(corpus, _functions(corpus, split), _functions(corpus, *TRAINING)))


def without_twins(corpus: Corpus) -> Corpus:
    """`corpus` without the valid and test examples that use a twin; the training stays whole."""
    splits, rows, source_rows = dict(corpus.splits), dict(corpus.rows), dict(corpus.source_rows)
    notes = list(corpus.notes)
    twins = _twins(corpus, _functions(corpus, *EVALUATION), _functions(corpus, *TRAINING))
    for split in EVALUATION:
        examples = corpus.splits[split]
        kept = np.flatnonzero(~_uses_twin(corpus, split, twins)).astype(np.int64)
        if len(kept) == len(examples):
            continue
        splits[split] = tuple(examples[row] for row in kept.tolist())
        rows[split] = np.asarray(corpus.rows[split])[kept] if split in corpus.rows else kept
        source_rows[split] = corpus.source_rows.get(split, len(examples))
        notes.append(
            f"{len(examples) - len(kept):,} of the {len(examples):,} {split} examples were dropped: "
            f"they use a function with a twin in the training ({TWINS.get(corpus.twins).meaning})."
        )
    return dataclasses.replace(corpus, splits=splits, rows=rows, source_rows=source_rows, notes=tuple(notes))


def _functions(corpus: Corpus, *splits: SplitName) -> list[Function]:
    """Each function that an example of `splits` uses, with its language or the only one of the corpus."""
    names = dict.fromkeys(name for split in splits for example in corpus.splits[split] for name in example.ids)
    only = corpus.languages[0] if corpus.languages else ""
    found = [corpus.functions[name] for name in names]
    return [function if function.language else dataclasses.replace(function, language=only) for function in found]


def _twins(corpus: Corpus, functions: Sequence[Function], training: Sequence[Function]) -> set[str]:
    """Ids of `functions` with a twin in `training`."""
    found = TWINS.get(corpus.twins).find(functions, training)
    return {function.id for function, has_twin in zip(functions, found.tolist(), strict=True) if has_twin}


def _uses_twin(corpus: Corpus, split: SplitName, twins: set[str]) -> NDArray[np.bool_]:
    return np.asarray([any(name in twins for name in example.ids) for example in corpus.splits[split]], dtype=np.bool_)


def _overlap(
    corpus: Corpus, split: SplitName, functions: Sequence[Function], training: Sequence[Function], twins: set[str]
) -> SplitOverlap:
    names = {function.id for function in functions}
    return SplitOverlap(
        functions=len(functions),
        shared_ids=len(names & {function.id for function in training}),
        twin_functions=len(names & twins),
        examples=len(corpus.splits[split]),
        touched_examples=int(_uses_twin(corpus, split, twins).sum()),
    )
