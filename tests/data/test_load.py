import dataclasses
from pathlib import Path

import numpy as np
import pytest

from avatar.common.errors import ConfigError, DataError
from avatar.config.schema import DatasetConfig
from avatar.data.load import load_corpus, take_share, validate
from avatar.data.records import Corpus, Function, Sample, SplitName, Task
from reader_folders import bcb, devign, own_samples, write_jsonl


@pytest.fixture
def corpus() -> Corpus:
    functions = {str(n): Function(str(n), f"f({n})") for n in range(8)}
    splits = {split: (Sample(str(2 * n), 0), Sample(str(2 * n + 1), 1)) for n, split in enumerate(SplitName)}
    return Corpus("small", Task.FUNCTION, functions, splits)


def test_an_unknown_dataset_suggests_a_similar_name():
    with pytest.raises(ConfigError, match="did you mean 'devign'"):
        load_corpus(DatasetConfig(name="devin"), 1)


def test_a_share_is_taken_of_the_training_only(tmp_path: Path):
    cfg = devign(tmp_path)
    whole, part = load_corpus(cfg, 3), load_corpus(dataclasses.replace(cfg, share=0.5), 3)
    for split in (SplitName.LABELED, SplitName.UNLABELED):
        assert len(part.splits[split]) == 10
        assert set(part.rows[split].tolist()) < set(whole.rows[split].tolist())
        assert part.source_rows[split] == 40
        assert part.labels(split).mean() == 0.5
        groups, half = ([c.functions[e.ids[0]].group for e in c.splits[split]] for c in (whole, part))
        assert abs(half.count("FFmpeg") - groups.count("FFmpeg") / 2) <= 1
    for split in (SplitName.VALID, SplitName.TEST):
        assert part.splits[split] == whole.splits[split]


def test_rows_of_a_share_name_lines_of_the_file(tmp_path: Path):
    cfg = dataclasses.replace(bcb(tmp_path), share=0.5)
    corpus = load_corpus(cfg, 3)
    lines = (tmp_path / "train_unlabel.txt").read_text().splitlines()
    rows = corpus.rows[SplitName.UNLABELED]
    assert len(rows) == 12
    kept = [f"{pair.first}\t{pair.second}\t{pair.label}" for pair in corpus.splits[SplitName.UNLABELED]]
    assert kept == [lines[row] for row in rows]
    assert corpus.source_rows[SplitName.UNLABELED] == 24


def test_shares_of_both_halves_are_drawn_independently(corpus: Corpus):
    functions = {str(n): Function(str(n), f"f({n})") for n in range(40)}
    examples = tuple(Sample(str(n), n % 2) for n in range(40))
    same = dataclasses.replace(corpus, functions=functions, splits=dict.fromkeys(SplitName, examples))
    part = take_share(same, 0.5, 1)
    assert not np.array_equal(part.rows[SplitName.LABELED], part.rows[SplitName.UNLABELED])


def test_a_share_of_nothing_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="train_labeled is empty") as caught:
        load_corpus(dataclasses.replace(devign(tmp_path), share=0.01), 1)
    assert "dataset.share=0.01" in caught.value.hint


def test_twins_are_dropped_from_the_evaluation_whatever_the_share(tmp_path: Path):
    cfg = own_samples(tmp_path, "jsonl")
    rows = [{"text": f"g({n})", "bad": n % 2, "team": "t"} for n in range(8)]
    twin = {"text": "int  f_own3(int x) { return x + 'own3'; }", "bad": 1, "team": "t"}
    write_jsonl(tmp_path / "test.jsonl", [twin, *rows])
    cfg = dataclasses.replace(cfg, files={**cfg.files, "test": "test.jsonl"}, valid_share=0.2)
    assert len(load_corpus(cfg, 1).splits[SplitName.TEST]) == 9
    for seed in range(3):
        for share in (1.0, 0.2):
            corpus = load_corpus(dataclasses.replace(cfg, drop_twins=True, share=share), seed)
            twin_trains = 3 not in corpus_rows(dataclasses.replace(cfg), seed)
            assert len(corpus.splits[SplitName.TEST]) == (8 if twin_trains else 9)


def corpus_rows(cfg: DatasetConfig, seed: int) -> list[int]:
    """Rows of the training file that became valid."""
    return load_corpus(cfg, seed).rows[SplitName.VALID].tolist()


def test_a_valid_corpus_passes(corpus: Corpus):
    validate(corpus)


def change(corpus: Corpus, **splits: tuple[Sample, ...]) -> Corpus:
    return dataclasses.replace(corpus, splits={**corpus.splits, **{SplitName(k): v for k, v in splits.items()}})


def test_what_a_reader_may_not_return(corpus: Corpus):
    with pytest.raises(DataError, match="split valid is empty"):
        validate(change(corpus, valid=()))
    with pytest.raises(DataError, match="all 2 examples of test have the label 1"):
        validate(change(corpus, test=(Sample("0", 1), Sample("1", 1))))
    with pytest.raises(DataError, match="row 1 of test has the label 2"):
        validate(change(corpus, test=(Sample("0", 1), Sample("1", 2))))
    with pytest.raises(DataError, match="row 0 of train_labeled names 'x'"):
        validate(change(corpus, train_labeled=(Sample("x", 1), Sample("1", 0))))
    missing = {split: corpus.splits[split] for split in SplitName if split is not SplitName.TEST}
    with pytest.raises(DataError, match="split test is empty"):
        validate(dataclasses.replace(corpus, splits=missing))
    with pytest.raises(DataError, match="'0' is empty"):
        validate(dataclasses.replace(corpus, functions={**corpus.functions, "0": Function("0", " \n\t")}))
    with pytest.raises(DataError, match="stored under"):
        validate(dataclasses.replace(corpus, functions={**corpus.functions, "0": Function("1", "f()")}))
