"""A search with robustness as objective: prediction flips of candidates are measured, predicted and recorded."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from jobs import small_job, write_pairs

from avatar.checks.preflight import check
from avatar.common.errors import ConfigError
from avatar.pipeline.run_job import run_job
from avatar.tracking.runs import Run


def test_flips_are_an_axis_of_the_trade_off(tmp_path: Path) -> None:
    cfg = small_job(write_pairs(tmp_path / "data"), tmp_path)
    cfg = replace(cfg, search=replace(cfg.search, objectives=["accuracy", "size", "flips"], rule="knee"))
    outcome = run_job(cfg, Run())
    (front,) = (tmp_path / "artifacts" / "search").glob("*/front.csv")
    assert pd.read_csv(front)["flips"].between(0, 1).all()
    assert "surrogate of flips" in outcome.report.read_text()
    with pytest.raises(ConfigError, match="'flips' needs the programming language"):
        check(replace(cfg, dataset=replace(cfg.dataset, language=None)))
