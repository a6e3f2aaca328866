"""The command that makes a table of trainings from artifacts."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from jobs import small_job, write_pairs

from avatar.config.schema import SearchConfig, SurrogateConfig
from avatar.pipeline.manifest import Manifest
from avatar.pipeline.run_job import run_job
from avatar.pipeline.trainings import main
from avatar.space.architecture import Architecture
from avatar.surrogate.descriptors import Descriptors
from avatar.surrogate.trainings import from_csv
from avatar.tracking.runs import Run

ABOUT = Descriptors(2, 500, 4000, 0.5, 40.0, 0.6, 0.5, 0.7, 0.8)


def write(folder: Path, data: str = "data1", count: int = 3, described: bool = True) -> Path:
    """Artifacts of `count` candidates, and the description of their data set."""

    def artifact(
        stage: str, key: str, settings: dict[str, Any], inputs: dict[str, Any], values: dict[str, Any]
    ) -> None:
        made = Manifest(stage, 1, key, settings, inputs, values, 2.5, "2026-11-27T19:00:00+00:00", {})
        (folder / stage / key).mkdir(parents=True)
        made.write(folder / stage / key)

    if described:
        values = {"name": "pairs java", "descriptors": asdict(ABOUT)}
        artifact("described", "about", {"metric": "accuracy"}, {"data": data}, values)
    for number in range(count):
        settings = {"metric": "accuracy", "seed": 1, "recipe": {"epochs": 9, "average": 0.9}, "precision": "32-true"}
        inputs = {"data": data, "labels": "labels1", "rung": {"share": 0.5, "epochs": 2}}
        values = {
            "architecture": Architecture(hidden_size=16 + number).as_dict(),
            "valid_score": 0.7,
            "examples": 2000,
            "history": [{"epoch": 0.0, "valid/score": 0.6}, {"epoch": 1.0, "valid/score": 0.7}],
        }
        artifact("candidate", f"{data}{number}", settings, inputs, values)
    return folder


def test_a_table_is_made_and_extended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "mine.csv"
    assert main([str(write(tmp_path / "first")), "--table", str(table)]) == 0
    rows = from_csv(table.read_text())
    assert [row.arch.hidden_size for row in rows] == [16, 17, 18]
    assert {(row.name, row.about, row.score, row.curve, row.epochs) for row in rows} == {
        ("pairs java", ABOUT, 0.7, (0.6, 0.7), 2)
    }
    assert len({row.session for row in rows}) == 1
    folders = [str(tmp_path / "first"), str(write(tmp_path / "second", "data2", 2))]
    assert main([*folders, "--table", str(table)]) == 0
    assert "2 new rows from 5 trainings" in capsys.readouterr().out
    assert len(from_csv(table.read_text())) == 5


def test_trainings_without_a_description_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(write(tmp_path / "a", described=False)), "--table", str(tmp_path / "t.csv")])
    assert "3 trainings were left out" in capsys.readouterr().out


def test_what_the_user_can_mend_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main([str(tmp_path / "none"), "--table", str(tmp_path / "t.csv")])
    assert raised.value.code == 2
    assert "no such folder" in capsys.readouterr().err
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("key,score\na,1\n")
    assert main([str(write(tmp_path / "b")), "--table", str(wrong)]) == 2
    assert "is missing" in capsys.readouterr().err


def test_a_job_with_the_prior_searches_in_rounds_and_describes_its_data(tmp_path: Path) -> None:
    surrogate = SurrogateConfig(name="prior", candidates=4, share=0.5, epochs=1, minimum=3, folds=2, repeats=1)
    search = SearchConfig(evaluations=12, population=6, budget_mb=0.03, rounds=2, candidates_per_round=1)
    cfg = small_job(write_pairs(tmp_path / "data", 40), tmp_path, surrogate=surrogate, search=search)
    outcome = run_job(cfg, Run())
    assert "recorded trainings in" in outcome.report.read_text()
    table = tmp_path / "mine.csv"
    assert main([str(tmp_path / "artifacts"), "--table", str(table)]) == 0
    rows = from_csv(table.read_text())
    assert len(rows) == 5
    assert {row.name for row in rows} == {"pairs python"}
