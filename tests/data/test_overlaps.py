import numpy as np
import pytest

from avatar.config.schema import DatasetConfig
from avatar.data.load import load_corpus
from avatar.data.overlaps import SplitOverlap, count_overlaps, twin_mask, without_twins
from avatar.data.records import Corpus, Function, Pair, SplitName, Task
from avatar.data.twins import body_key

BODIES = {
    "a": "int a() { return 1; }",
    "b": "int b() { return 2; }",
    "c": "int c() { return 3; }",
    "a_again": "int a()\r\n{\n\treturn 1;\n}",
    "d": "int d() { return 4; }",
    "e": "int e() { return 5; }",
    "e_again": "int e(){return 5;}",
}


@pytest.fixture
def corpus() -> Corpus:
    return Corpus(
        name="small",
        task=Task.PAIR,
        functions={name: Function(name, code) for name, code in BODIES.items()},
        splits={
            SplitName.LABELED: (Pair("a", "b", 1), Pair("a", "a", 0), Pair("a", "b", 1)),
            SplitName.UNLABELED: (Pair("a", "b", 1), Pair("b", "a", 1)),
            SplitName.VALID: (Pair("d", "e", 0), Pair("e", "d", 1)),
            SplitName.TEST: (
                Pair("c", "a_again", 1),
                Pair("c", "b", 0),
                Pair("c", "e_again", 1),
                Pair("c", "c", 0),
            ),
        },
    )


def test_twins_are_equal_up_to_whitespace():
    assert body_key(BODIES["a"]) == body_key(BODIES["a_again"]) != body_key(BODIES["b"])


def test_everything_shared_is_counted(corpus):
    overlaps = count_overlaps(corpus)
    assert overlaps.test == SplitOverlap(functions=4, shared_ids=1, twin_functions=2, examples=4, touched_examples=2)
    assert overlaps.valid == SplitOverlap(functions=2, shared_ids=0, twin_functions=0, examples=2, touched_examples=0)
    assert (overlaps.valid_and_test, overlaps.shared_training) == (1, 1)
    assert "2 of the 4 test functions" in overlaps.sentences()[0]
    assert overlaps.sentences()[1].startswith("Do not trust scores on test: 50 % of its examples")
    assert len(overlaps.sentences()) == 4


def test_the_mask_marks_examples_with_twins(corpus):
    assert twin_mask(corpus, SplitName.TEST).tolist() == [True, True, False, False]


def test_dropping_keeps_the_rows_of_the_source_and_the_training(corpus):
    clean = without_twins(corpus)
    assert clean.splits[SplitName.TEST] == corpus.splits[SplitName.TEST][2:]
    assert clean.rows[SplitName.TEST].tolist() == [2, 3]
    assert clean.source_rows == {SplitName.TEST: 4}
    assert clean.splits[SplitName.LABELED] is corpus.splits[SplitName.LABELED]
    assert "2 of the 4 test examples were dropped" in clean.notes[0]
    assert not count_overlaps(clean).test.touched_examples


def test_rows_of_rows_stay_rows_of_the_source(corpus):
    halved = Corpus(
        corpus.name,
        corpus.task,
        corpus.functions,
        corpus.splits,
        rows={SplitName.TEST: np.array([3, 5, 7, 11])},
        source_rows={SplitName.TEST: 20},
    )
    clean = without_twins(halved)
    assert clean.rows[SplitName.TEST].tolist() == [7, 11]
    assert clean.source_rows[SplitName.TEST] == 20


def test_the_known_overlaps_of_bigclonebench(avatar_data):
    corpus = load_corpus(DatasetConfig(name="bcb", root=str(avatar_data / "bcb")), seed=1)
    overlaps = count_overlaps(corpus)
    assert overlaps.test == SplitOverlap(
        functions=911, shared_ids=0, twin_functions=126, examples=4000, touched_examples=1266
    )
    assert overlaps.shared_training == 1132
    assert len(corpus.splits[SplitName.UNLABELED]) == 45051
    assert not corpus.rows
