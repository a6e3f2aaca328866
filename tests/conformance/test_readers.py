"""The contract of every dataset reader; a new reader adds its small folder to `reader_folders.LAYOUTS`."""

from pathlib import Path

import numpy as np
import pytest

from avatar.code.text import function_text
from avatar.config.schema import DatasetConfig
from avatar.data.load import load_corpus
from avatar.data.overlaps import count_overlaps
from avatar.data.readers import READERS
from avatar.data.records import Corpus, SplitName
from reader_folders import LAYOUTS


@pytest.fixture(params=sorted(LAYOUTS))
def cfg(request: pytest.FixtureRequest, tmp_path: Path) -> DatasetConfig:
    return LAYOUTS[request.param](tmp_path)


@pytest.fixture
def corpus(cfg: DatasetConfig) -> Corpus:
    return load_corpus(cfg, seed=7)


def test_every_registered_reader_is_tested_here(tmp_path: Path) -> None:
    tested = set()
    for name, layout in LAYOUTS.items():
        folder = tmp_path / name
        folder.mkdir()
        tested.add(layout(folder).name)
    assert tested == set(READERS.names())


def test_all_four_splits_hold_both_labels(corpus: Corpus) -> None:
    assert set(corpus.splits) == set(SplitName)
    for split in SplitName:
        labels = set(corpus.labels(split).tolist())
        assert labels == {0, 1} or (corpus.task.grouped and len(labels) > 1)


def test_no_group_of_clones_is_in_two_splits(corpus: Corpus) -> None:
    if corpus.task.grouped:
        groups = [set(corpus.labels(split).tolist()) for split in SplitName]
        assert sum(map(len, groups)) == len(set.union(*groups)) == corpus.num_labels


def test_every_id_has_a_function_under_its_own_name(corpus: Corpus) -> None:
    for split in SplitName:
        assert corpus.members(split).shape == (len(corpus.splits[split]), corpus.task.arity)
    for name, function in corpus.functions.items():
        assert function.id == name
        assert function.code.strip()


def test_functions_have_the_text_that_a_student_reads(corpus: Corpus) -> None:
    language = corpus.languages[0] if corpus.languages else None
    for function in corpus.functions.values():
        assert function_text(function.code, corpus.text, language) == function.code


def test_test_functions_stand_in_no_other_split(corpus: Corpus) -> None:
    overlaps = count_overlaps(corpus)
    assert overlaps.test.functions > 0
    assert (overlaps.test.shared_ids, overlaps.test.twin_functions, overlaps.valid_and_test) == (0, 0, 0)


def test_same_seed_same_corpus(cfg: DatasetConfig) -> None:
    first, second = READERS.get(cfg.name)(cfg, 7), READERS.get(cfg.name)(cfg, 7)
    assert first.functions == second.functions
    assert list(first.functions) == list(second.functions)
    assert first.splits == second.splits
    assert first.notes == second.notes


def test_another_seed_changes_only_what_was_divided(cfg: DatasetConfig, corpus: Corpus) -> None:
    other = READERS.get(cfg.name)(cfg, 8)
    for split in SplitName:
        if split in corpus.rows:
            assert set(other.splits[split]) != set(corpus.splits[split])
        elif cfg.name != "stdlib":
            assert other.splits[split] == corpus.splits[split]


def test_rows_lead_back_to_the_source(corpus: Corpus) -> None:
    for split, rows in corpus.rows.items():
        assert len(rows) == len(corpus.splits[split])
        assert np.all(np.diff(rows) > 0)
        assert rows[0] >= 0
        assert rows[-1] < corpus.source_rows[split]
    assert set(corpus.rows) == set(corpus.source_rows)
