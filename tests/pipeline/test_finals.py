"""Finals: the winner and its challengers get the whole training, and the score on valid decides."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from jobs import small_job, write_pairs

from avatar.bundle import read_bundle
from avatar.checks.preflight import check
from avatar.common.errors import ConfigError, DivergedError
from avatar.config.schema import Config, SearchConfig, TrackingConfig
from avatar.measure.standard_error import standard_error
from avatar.pipeline import stage_10_student, stage_11_finals
from avatar.pipeline.run_job import run_job
from avatar.pipeline.stage_10_student import TrainedStudent
from avatar.pipeline.stage_11_finals import Finals
from avatar.tracking.runs import Run, job_run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared")


@pytest.fixture
def decided(monkeypatch: pytest.MonkeyPatch) -> list[Finals]:
    """The results of the finals of a test's jobs."""
    finals: list[Finals] = []
    decide = stage_11_finals.run

    def watch(*arguments: object) -> Finals:
        finals.append(decide(*arguments))  # type: ignore[arg-type]
        return finals[-1]

    monkeypatch.setattr(stage_11_finals, "run", watch)
    return finals


def job(data: Path, folder: Path, finalists: int, rule: str = "accurate") -> Config:
    search = SearchConfig(evaluations=24, population=6, budget_mb=0.03, finalists=finalists, rule=rule)
    return small_job(data, folder, search=search)


def make_diverge(monkeypatch: pytest.MonkeyPatch, diverges: Callable[[int], bool]) -> None:
    """Make the trainings diverge for whose number, from 1, `diverges` is true."""
    train, numbers = stage_10_student.run, iter(range(1, 100))

    def run(*arguments: object) -> TrainedStudent:
        number = next(numbers)
        if diverges(number):
            raise DivergedError(f"finalist {number}: the training diverged", "lower the learning rate")
        return train(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(stage_10_student, "run", run)


def test_the_kept_finalist_is_measured_and_shipped_and_the_report_says_why(
    data: Path, artifacts: Path, tmp_path: Path, decided: list[Finals]
) -> None:
    cfg = job(data, artifacts, finalists=3)
    cfg.tracking = TrackingConfig(uri=f"sqlite:///{tmp_path / 'mlflow.db'}", artifacts=str(tmp_path / "files"))
    with job_run(cfg, "job", root=tmp_path) as tracked:
        outcome = run_job(cfg, tracked)
    (finals,) = decided
    archs = [finalist.model.arch for finalist in finals.finalists]
    assert 2 <= len(set(archs)) == len(archs) <= 3

    kept = archs.index(finals.student.model.arch)
    scores = [finalist.score for finalist in finals.finalists]
    best = int(np.argmax(scores))
    if kept != best:
        truth = np.array([json.loads(line)["label"] for line in (data / "valid.jsonl").read_text().splitlines()])
        effects = [finals.finalists[index].judged.influence for index in (best, kept)]
        functions = np.arange(2 * len(truth)).reshape(-1, 2)  # of valid; all are different
        assert scores[kept] >= scores[best] - standard_error(effects[0] - effects[1], functions)

    page = outcome.report.read_text()
    assert f"{len(archs)} finalists were fully trained" in page
    assert f"{finals.finalists[kept].name}&#39; is kept" in page
    assert read_bundle(outcome.bundle).config.architecture == finals.student.model.arch.as_dict()
    children = tracked_finalists(tmp_path)
    assert sorted(children) == [(number, str(number == kept + 1).lower()) for number in range(1, len(archs) + 1)]


def tracked_finalists(folder: Path) -> list[tuple[int, str]]:
    """Number and tag `kept` of the nested runs of finalists in the store below `folder`."""
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = client.search_runs(experiments, "tags.stage = 'finalist'")
    assert all(run.data.metrics["valid/accuracy"] > 0 for run in runs)
    return [(int(run.info.run_name.split()[-1]), run.data.tags["kept"]) for run in runs]


def test_a_finalist_that_diverges_is_out(
    data: Path, artifacts: Path, tmp_path: Path, decided: list[Finals], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_job(job(data, artifacts, finalists=3), Run())
    make_diverge(monkeypatch, lambda number: number == 1)
    run_job(job(data, artifacts, finalists=3), Run())
    undisturbed, disturbed = decided
    assert "Left out: finalist 1: the training diverged." in disturbed.sentence
    assert "diverged" not in undisturbed.sentence
    first = undisturbed.finalists[0].model.arch
    assert first not in [finalist.model.arch for finalist in disturbed.finalists]
    make_diverge(monkeypatch, lambda number: True)
    with pytest.raises(DivergedError, match="the training diverged"):
        run_job(job(data, artifacts, finalists=3), Run())


def test_one_finalist_and_other_rules_leave_no_choice(data: Path, artifacts: Path, decided: list[Finals]) -> None:
    for finalists, rule in ((1, "accurate"), (3, "knee")):
        outcome = run_job(job(data, artifacts, finalists, rule), Run())
        assert "finalists were fully trained" not in outcome.report.read_text()
    assert [(len(finals.finalists), finals.sentence) for finals in decided] == [(1, ""), (1, "")]


def test_names_tell_finalists_apart_and_mcc_is_no_percentage(
    data: Path, artifacts: Path, decided: list[Finals]
) -> None:
    cfg = job(data, artifacts, finalists=2)
    cfg.dataset.metric = "mcc"
    run_job(cfg, Run())
    (finals,) = decided
    assert "mcc on valid" in finals.sentence
    assert "at most 64 tokens" in finals.sentence
    assert "%" not in finals.sentence


def test_impossible_settings_are_named() -> None:
    with pytest.raises(ConfigError, match=r"search.finalists is 0; it must be at least 1"):
        check(Config(search=SearchConfig(finalists=0)))
    with pytest.raises(ConfigError, match=r"search.rule=accurate needs accuracy among them"):
        check(Config(search=SearchConfig(objectives=["size", "flops"])))
