"""A whole small job over groups of clones: scores, table, bundle, teachers, and the same result after SIGKILL."""

import dataclasses
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
from jobs import groups_job, small_job, write_groups, write_pairs
from test_job import killed_at, repeatable, share_latency

from avatar.bundle import read_bundle
from avatar.checks.preflight import problems_of
from avatar.common.errors import AvatarError, ConfigError
from avatar.config.schema import DatasetConfig, SearchConfig, TeacherConfig
from avatar.metrics import VECTOR_METRICS
from avatar.metrics.vector_space import VectorSpace
from avatar.pipeline.plan import plan
from avatar.pipeline.run_job import Outcome, run_job
from avatar.serve.predictor import Predictor
from avatar.tracking.runs import Run


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_groups(tmp_path_factory.mktemp("groups"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("undisturbed")


@pytest.fixture(scope="module")
def outcome(data: Path, folder: Path) -> Outcome:
    cfg = groups_job(data, folder)
    assert problems_of(cfg) == []
    return run_job(cfg, Run())


def rows(data: Path, split: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (data / f"{split}.jsonl").read_text().splitlines()]


def test_every_metric_is_measured(outcome: Outcome) -> None:
    for split in ("test", "valid"):
        for name in VECTOR_METRICS:
            assert 0 <= outcome.metrics[f"{split}/{name}"] <= 1
    assert outcome.metrics["test/map_at_r"] > 0.3
    assert outcome.metrics["test/auc"] > 0.7
    for name in (
        "baseline_tfidf_cosine_test/map_at_r",
        "baseline_token_overlap_test/auc",
        "test_language_java/map_at_r",
    ):
        assert 0 < outcome.metrics[name] <= 1
    for name in ("test_between_java_python/mrr", "test_between_python_java/auc", "calibration/recall"):
        assert 0 <= outcome.metrics[name] <= 1
    assert outcome.metrics["calibration/ece"] < 1e-3
    assert outcome.metrics["size/weights_mb"] <= 0.03
    assert outcome.metrics["compute/gflops"] == pytest.approx(
        outcome.metrics["compute/gflops_thop"], rel=0.01, abs=1e-9
    )
    assert not [name for name in outcome.metrics if "accuracy" in name or "compressor" in name]


def test_the_report_shows_the_task(outcome: Outcome) -> None:
    page = outcome.report.read_text()
    for text in ("MAP@R", "TF-IDF of 1-3-grams", "There is no teacher", "compared by map_at_r", "java to python"):
        assert text in page, text
    assert "renaming variables changes" in page
    table = (outcome.report.parent / "table.csv").read_text()
    assert "map_at_r" in table.splitlines()[0]


def test_the_bundle_gives_the_vectors_that_were_measured(outcome: Outcome, data: Path) -> None:
    bundle = read_bundle(outcome.bundle)
    assert bundle.config.task == "embedding"
    assert "head.onnx" not in bundle.digests
    assert bundle.config.languages == ("java", "python")
    predictor = Predictor(outcome.bundle, precision="fp32")
    test = rows(data, "test")
    vectors = predictor.encode([row["code"] for row in test])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    names = list(dict.fromkeys(row["group"] for row in test))
    space = VectorSpace(vectors, np.array([names.index(row["group"]) for row in test]))
    assert VECTOR_METRICS.get("map_at_r").score(space) == pytest.approx(outcome.metrics["test/map_at_r"], abs=0.01)


def test_the_bundle_gives_the_probability_of_a_clone(outcome: Outcome, data: Path) -> None:
    predictor = Predictor(outcome.bundle)
    test = rows(data, "test")
    pairs = [(first, second) for first in test[:20] for second in test[:20] if first is not second]
    answers = predictor.predict([(first["code"], second["code"]) for first, second in pairs])
    assert answers.sum(axis=1) == pytest.approx(1)
    clones = np.array([first["group"] == second["group"] for first, second in pairs])
    assert np.median(answers[clones, 1]) > np.median(answers[~clones, 1])
    turned = predictor.predict([(second["code"], first["code"]) for first, second in pairs])
    assert turned == pytest.approx(answers, abs=1e-6)
    same = predictor.compare(*(predictor.encode([test[1]["code"]]) for _ in range(2)))
    alike = np.array([first["language"] == second["language"] for first, second in pairs])
    assert same[0, 1] >= answers[alike, 1].max() - 1e-6
    with pytest.raises(AvatarError, match="no head"):
        predictor.logits(*(predictor.encode([test[1]["code"]]) for _ in range(2)))


def test_a_second_run_makes_nothing_again_and_the_plan_says_so(outcome: Outcome, data: Path, folder: Path) -> None:
    assert run_job(groups_job(data, folder), Run()).metrics == outcome.metrics
    states = {step.stage: step.state for step in plan(groups_job(data, folder))}
    assert states["student"] == "done"
    assert states["measure"] == "done"
    assert states["compressor"] == "runs only if it is needed"


@pytest.mark.parametrize("where", [pytest.param("candidate", marks=pytest.mark.slow), "student"])
def test_a_killed_job_ends_as_an_undisturbed_one(
    where: str, outcome: Outcome, folder: Path, data: Path, tmp_path: Path
) -> None:
    share_latency(folder, tmp_path)
    cfg = groups_job(data, tmp_path)
    process = multiprocessing.get_context("spawn").Process(target=killed_at, args=(where, cfg))
    process.start()
    process.join(240)
    assert process.exitcode == -signal.SIGKILL
    assert list((tmp_path / "artifacts" / where).rglob("*")), f"the stage {where} has written no file"
    resumed, expected = repeatable(run_job(cfg, Run()).metrics), repeatable(outcome.metrics)
    assert resumed.keys() == expected.keys()
    for name, value in expected.items():
        assert resumed[name] == pytest.approx(value, abs=1e-6), name


def teacher(data: Path, kind: str) -> TeacherConfig:
    if kind == "vectors":
        return TeacherConfig(name="recorded", kind=kind, model="", path=str(data / "vectors.npy"), timing="none")
    return TeacherConfig(max_length=32, encoder_layers=1, pooling="mean", timing="self")


@pytest.mark.parametrize("kind", ["vectors", "encoder"])
def test_a_student_learns_from_the_similarities_of_a_teacher(data: Path, tmp_path: Path, kind: str) -> None:
    cfg = groups_job(data, tmp_path, teacher=teacher(data, kind))
    cfg.distill.relations, cfg.distill.hard_labels, cfg.distill.use_labeled = 1.0, "teacher", False
    assert problems_of(cfg) == []
    result = run_job(cfg, Run())
    assert 0 < result.metrics["test/map_at_r"] <= 1
    if kind == "encoder":
        assert 0 < result.metrics["teacher_test/map_at_r"] <= 1
        assert result.metrics["latency/teacher_ms_p50"] > 0
    else:
        assert "teacher_test/map_at_r" not in result.metrics


def test_finals_compare_students_by_groups(data: Path, tmp_path: Path) -> None:
    cfg = groups_job(data, tmp_path)
    cfg.search = dataclasses.replace(cfg.search, finalists=2, objectives=["accuracy", "size", "flips"])
    cfg.distill.copies = 1
    result = run_job(cfg, Run())
    page = result.report.read_text()
    assert "2 finalists were fully trained" in page
    assert "map_at_r on valid" in page


def refused(problem: str, cfg: object) -> None:
    with pytest.raises(ConfigError) as caught:
        run_job(cfg, Run())  # type: ignore[arg-type]
    assert problem in caught.value.message
    assert caught.value.exit_status == 2


def test_what_does_not_fit_the_task_is_refused(data: Path, tmp_path: Path) -> None:
    refused("groups of clones are not judged by it", groups_job(data, tmp_path, dataset=wrong_metric(data)))
    logits = TeacherConfig(name="recorded", kind="predictions", path=str(data / "vectors.npy"), timing="none")
    refused("it cannot teach the task embedding", groups_job(data, tmp_path, teacher=logits))
    pairs = write_pairs(tmp_path / "pairs", 40)
    nobody = TeacherConfig(name="none", kind="none", model="", timing="none")
    refused("it cannot teach the task pair", small_job(pairs, tmp_path, teacher=nobody))
    cfg = groups_job(data, tmp_path)
    cfg.distill.relations = 1.0
    assert any("has no vectors to learn from" in problem for problem in problems_of(cfg))


def wrong_metric(data: Path) -> DatasetConfig:
    return DatasetConfig(name="groups", root=str(data), metric="accuracy")


@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (np.zeros((7, 3), dtype=np.float32), "7 rows"),
        (np.zeros(197, dtype=np.float32), "shape (197,)"),
        (np.full((196, 3), np.nan, dtype=np.float32), "not finite"),
    ],
)
def test_recorded_vectors_that_do_not_fit_are_refused(
    data: Path, tmp_path: Path, array: np.ndarray, problem: str
) -> None:
    np.save(tmp_path / "wrong.npy", array)
    cfg = groups_job(
        data, tmp_path, teacher=dataclasses.replace(teacher(data, "vectors"), path=str(tmp_path / "wrong.npy"))
    )
    with pytest.raises(AvatarError) as caught:
        run_job(cfg, Run())
    assert problem in caught.value.message
    assert caught.value.exit_status == 2
    assert SearchConfig().finalists == 1


@pytest.mark.slow
@pytest.mark.skipif("AVATAR_DATA" not in os.environ, reason="needs data/solutions")
def test_the_experiment_runs_on_the_solutions(tmp_path: Path) -> None:
    project = Path(__file__).parents[2]
    settings = ("dataset.share=0.05", "distill.epochs=3", "surrogate.candidates=2", "tracking=none")
    command = [
        sys.executable,
        str(project / "train.py"),
        "+experiment=clones_groups",
        *settings,
        "measure.energy=false",
    ]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    (table,) = tmp_path.glob("outputs/*/*/table.csv")
    scores = pandas.read_csv(table, index_col="model")["map_at_r"]
    assert scores["student"] > scores["token overlap"] > 0.05
    (folder,) = tmp_path.glob("outputs/*/*/bundle")
    assert read_bundle(folder).config.pair_head is not None
