"""Descriptors of data sets."""

import numpy as np
import pytest

from avatar.data.records import Corpus, Function, Pair, Sample, SplitName, Task
from avatar.surrogate.descriptors import describe


def pairs(count: int = 60, words: int = 1) -> Corpus:
    """Pairs of functions, which are clones if they call the same; `words` lengthens every function."""
    rng = np.random.default_rng(0)
    functions, splits = {}, {}
    for split in SplitName:
        examples = []
        for number in range(count):
            label, names = number % 2, []
            verbs = rng.choice(["read", "write", "add", "scale"], 2, replace=False)
            for side in range(2):
                name = f"{split}{number}{side}"
                verb = verbs[0] if label else verbs[side]
                code = f"int f{rng.integers(10**6)}(int a) {{ return {' '.join([f'{verb}(a);'] * words)} }}"
                functions[name] = Function(name, code)
                names.append(name)
            examples.append(Pair(names[0], names[1], label))
        splits[split] = examples
    return Corpus("pairs", Task.PAIR, functions, splits)


def test_pairs_are_described() -> None:
    about = describe(pairs())
    assert (about.arity, about.examples, about.positive_share) == (2, 120, 0.5)
    assert about.functions == 240
    assert about.constant == 0.5
    assert about.overlap > 0.9
    assert 0 < about.vocabulary_growth <= 1
    assert np.isfinite(about.as_vector()).all()
    assert about == describe(pairs())
    assert describe(pairs(words=3)).median_words > about.median_words


def test_functions_have_no_overlap() -> None:
    whole = pairs()
    splits = {
        split: [Sample(example.ids[0], int("read" in whole.functions[example.ids[0]].code)) for example in examples]
        for split, examples in whole.splits.items()
    }
    about = describe(Corpus("functions", Task.FUNCTION, whole.functions, splits))
    assert about.arity == 1
    assert about.overlap == about.constant < about.tfidf


def test_groups_of_clones_cannot_be_described() -> None:
    with pytest.raises(ValueError, match="groups of clones"):
        describe(Corpus("groups", Task.EMBEDDING, {}, {}))
