"""Finals: the winner and its challengers are trained in full, and valid decides."""

from pathlib import Path

import pytest
from jobs import small_job, write_pairs

from avatar.common.errors import ConfigError
from avatar.config.schema import SearchConfig
from avatar.pipeline import finals, stage_07_student
from avatar.pipeline.run import run_job
from avatar.tracking.runs import Run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("data"))


def test_the_kept_finalist_is_measured_and_shipped_and_the_report_says_why(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[stage_07_student.Student] = []
    make = stage_07_student.run

    def spy(*arguments: object, **named: object) -> stage_07_student.Student:
        trained.append(make(*arguments, **named))  # type: ignore[arg-type]
        return trained[-1]

    monkeypatch.setattr(stage_07_student, "run", spy)
    decided: list[finals.Finals] = []
    decide = finals.run

    def watch(*arguments: object) -> finals.Finals:
        decided.append(decide(*arguments))  # type: ignore[arg-type]
        return decided[-1]

    monkeypatch.setattr(finals, "run", watch)
    search = SearchConfig(evaluations=24, population=6, budget_mb=0.03, finalists=3)
    outcome = run_job(small_job(data, tmp_path, search=search), Run())
    (found,) = decided
    assert [student.model.arch for student in found.finalists] == [student.model.arch for student in trained]
    assert 2 <= len(trained) <= 3
    assert len({student.model.arch for student in trained}) == len(trained)
    assert found.student in found.finalists
    assert max(found.scores) == max(float(student.artifact.values["valid_score"]) for student in trained)
    assert f"{len(trained)} finalists trained in full" in found.sentence
    page = outcome.report.read_text()
    assert f"Kept is {found.student.model.arch}" in page
    assert outcome.metrics["size/params"] == sum(value.numel() for value in found.student.model.parameters())


def test_finalists_need_the_rule_that_knows_accuracy(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"search.finalists is 2, but search.rule=knee"):
        small_job(data, tmp_path, search=SearchConfig(finalists=2, rule="knee"))
    with pytest.raises(ConfigError, match=r"search.finalists is 0; it must be at least 1"):
        small_job(data, tmp_path, search=SearchConfig(finalists=0))
