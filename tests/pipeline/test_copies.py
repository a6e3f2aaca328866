"""Rewritten copies of the training functions, tokenized after the functions."""

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jobs import small_job, write_pairs

from avatar.common.errors import ConfigError
from avatar.data.records import SplitName
from avatar.pipeline import stage_01_dataset
from avatar.pipeline.job import Job
from avatar.pipeline.stage_04_tokens import read_copies, rewritten_copies, tokenized


def test_copies_are_renamed_and_have_their_rows(tmp_path: Path) -> None:
    cfg = small_job(write_pairs(tmp_path / "data"), tmp_path)
    job = Job.of(cfg)
    data = stage_01_dataset.run(job)
    made = tokenized(job, data, "word", 200, copies=2)
    copies = rewritten_copies(job, data, 2)
    assert copies is not None
    assert made.variants is not None
    texts = [function.code for function in data.corpus.functions.values()]
    training = set(data.training_rows.tolist())
    for row, copied in read_copies(copies.get()):
        assert row in training
        assert all(text != texts[row] for text in copied)
        for text, copy_row in zip(copied, made.variants[row, 1:].tolist(), strict=True):
            start, end = made.table.offsets[copy_row], made.table.offsets[copy_row + 1]
            assert made.table.ids[start:end].tolist() == made.tokenizer.encode(text).ids
    others = np.setdiff1d(np.arange(len(texts)), list(training))
    assert (made.variants[others] == others[:, None]).all()
    plain = tokenized(job, data, "word", 200)
    assert plain.variants is None
    assert plain.tokenizer.to_str() == made.tokenizer.to_str()


def test_all_rewrites_are_applied_to_each_copy(tmp_path: Path) -> None:
    cfg = small_job(write_pairs(tmp_path / "data"), tmp_path)
    cfg.distill.rewrites = ["reformat", "dead_code", "rename"]
    job = Job.of(cfg)
    data = stage_01_dataset.run(job)
    copies = rewritten_copies(job, data, 1)
    assert copies is not None
    texts = [function.code for function in data.corpus.functions.values()]
    for row, (copy,) in read_copies(copies.get()):
        before, after = ast.parse(texts[row]), ast.parse(copy)
        count = [len(list(ast.walk(tree))) for tree in (before, after)]
        assert count[1] > count[0]  # dead code
        assert "return result" not in copy  # renamed
    assert any("\n    return" not in copy for _, (copy,) in read_copies(copies.get()))  # another layout


def test_a_half_that_is_not_learned_from_has_no_copies(tmp_path: Path) -> None:
    cfg = small_job(write_pairs(tmp_path / "data"), tmp_path)
    job = Job.of(cfg)
    data = stage_01_dataset.run(job)
    copies = rewritten_copies(job, data, 1)
    assert copies is not None
    unlabeled = set(data.corpus.members(SplitName.UNLABELED).ravel().tolist())
    assert {row for row, _ in read_copies(copies.get())} == unlabeled
    cfg.distill.use_labeled = True
    both = rewritten_copies(job, data, 1)
    assert both is not None
    assert {row for row, _ in read_copies(both.get())} == set(data.training_rows.tolist())


def test_copies_in_no_known_language_are_a_config_error(tmp_path: Path) -> None:
    cfg = small_job(write_pairs(tmp_path / "data"), tmp_path)
    job = Job.of(replace(cfg, dataset=replace(cfg.dataset, language=None)))
    with pytest.raises(ConfigError, match=r"dataset\.language"):
        rewritten_copies(job, stage_01_dataset.run(job), 1).get()  # type: ignore[union-attr]
