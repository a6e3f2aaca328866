"""A whole small job: it learns, it is skipped when done, it resumes after SIGKILL, and it refuses bad input."""

import base64
import dataclasses
import json
import multiprocessing
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from jobs import small_job, write_pairs

from avatar.bundle import read_bundle
from avatar.code.text import DOCSTRINGS_KEPT
from avatar.common.errors import AvatarError, ConfigError, DataError
from avatar.config.schema import Config
from avatar.pipeline.run_job import Outcome, run_job
from avatar.serve.predictor import Predictor
from avatar.tracking.runs import Run

MEASURED_TIMES = ("latency/", "energy/", "size/bundle_mb")
"""Prefixes of metrics that depend on measured times. The bundle's model card has such times, so its size varies."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("undisturbed")


@pytest.fixture(scope="module")
def outcome(data: Path, folder: Path) -> Outcome:
    return run_job(small_job(data, folder), Run())


def repeatable(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if not name.startswith(MEASURED_TIMES)}


def test_the_student_learns_within_the_budget(outcome: Outcome) -> None:
    assert outcome.metrics["test/accuracy"] > 0.7 > outcome.metrics["baseline_constant_test/accuracy"]
    assert outcome.metrics["size/weights_mb"] <= 0.03
    assert outcome.metrics["compute/gflops"] == pytest.approx(outcome.metrics["compute/gflops_thop"], rel=0.01)


def test_flips_and_calibration_are_measured_and_reported(outcome: Outcome) -> None:
    names = ("flip_rate", "flip_rate_reformat", "flip_rate_dead_code")
    assert all(0 <= outcome.metrics[f"robustness/{name}"] <= 1 for name in names)
    assert 0 <= outcome.metrics["fidelity/ece_scaled"] <= 1
    page = outcome.report.read_text()
    assert "renaming variables changes" in page
    assert "Expected calibration error" in page
    temperature = read_bundle(outcome.bundle).config.temperature
    assert f"temperature {temperature:.3g}, which was fitted on valid" in page


def test_without_a_language_robustness_is_not_measured(outcome: Outcome, data: Path, folder: Path) -> None:
    cfg = small_job(data, folder, output_dir=str(folder / "without a language"))
    cfg.dataset.language = None
    again = run_job(cfg, Run())
    assert not [name for name in again.metrics if name.startswith("robustness/")]
    assert "Robustness was not measured" in again.report.read_text()


def test_report_and_bundle_are_written(outcome: Outcome) -> None:
    page = outcome.report.read_text()
    assert "student" in page
    assert "http" + "://" not in page.replace("http" + "://www.w3.org", "")
    bundle = read_bundle(outcome.bundle)
    assert bundle.folder == outcome.bundle
    assert (bundle.config.languages, bundle.config.text) == (("python",), DOCSTRINGS_KEPT)
    probabilities = Predictor(outcome.bundle).predict([("def add(a):\n  return a", "def add(b):\n  return b")])
    assert probabilities.sum() == pytest.approx(1)


def test_a_second_run_makes_nothing_again(outcome: Outcome, data: Path, folder: Path) -> None:
    manifests = {path: path.stat().st_mtime_ns for path in (folder / "artifacts").rglob("manifest.json")}
    again = run_job(small_job(data, folder), Run())
    assert again.metrics == outcome.metrics
    assert {path: path.stat().st_mtime_ns for path in (folder / "artifacts").rglob("manifest.json")} == manifests


def test_an_equal_job_in_another_folder_makes_nothing_again(outcome: Outcome, data: Path, folder: Path) -> None:
    manifests = set((folder / "artifacts").rglob("manifest.json"))
    again = run_job(small_job(data, folder, output_dir=str(folder / "another")), Run())
    assert set((folder / "artifacts").rglob("manifest.json")) == manifests
    card = (again.bundle / "README.md").read_text()
    assert card == (outcome.bundle / "README.md").read_text()
    assert str(folder) not in card.replace(str(data), "")


def share_latency(folder: Path, other: Path) -> None:
    """Give `other` the measured times of `folder`: only then do two stores choose the same winner."""
    (other / "artifacts").mkdir()
    (other / "artifacts" / "latency").symlink_to(folder / "artifacts" / "latency")


def test_the_same_seed_gives_the_same_everywhere(outcome: Outcome, folder: Path, data: Path, tmp_path: Path) -> None:
    share_latency(folder, tmp_path)
    repeated = repeatable(run_job(small_job(data, tmp_path), Run()).metrics)
    assert repeated == pytest.approx(repeatable(outcome.metrics), abs=1e-6)


def test_two_stages_share_a_teacher_but_not_another_seed(outcome: Outcome, data: Path, folder: Path) -> None:
    labels = len(list((folder / "artifacts" / "labels").iterdir()))
    students = len(list((folder / "artifacts" / "student").rglob("manifest.json")))
    run_job(small_job(data, folder, seed=2), Run())
    assert len(list((folder / "artifacts" / "labels").iterdir())) == labels
    assert len(list((folder / "artifacts" / "student").rglob("manifest.json"))) == students + 1


def killed_at(where: str, cfg: Config) -> None:
    """Run the job in this process and kill it with SIGKILL at `where`."""
    from avatar.data import lightning_training
    from avatar.search.searchers import nsga2

    def dies_after(times: int, call: Callable[..., object], matches: Callable[..., bool]) -> Callable[..., object]:
        seen = []

        def wrapped(*args: object, **kwargs: object) -> object:
            value = call(*args, **kwargs)
            if matches(*args):
                seen.append(1)
                if len(seen) == times:
                    os.kill(os.getpid(), signal.SIGKILL)
            return value

        return wrapped

    save = lightning_training.Checkpoint.on_train_epoch_end
    if where in ("candidate", "student", "teacher"):
        lightning_training.Checkpoint.on_train_epoch_end = dies_after(  # type: ignore[method-assign]
            2 if where != "candidate" else 3, save, lambda self, *rest: f"/{where}/" in str(self.folder)
        )
    else:
        nsga2.evaluate = dies_after(2, nsga2.evaluate, lambda *args: True)  # type: ignore[attr-defined]
    run_job(cfg, Run())


@pytest.mark.parametrize("where", [pytest.param("candidate", marks=pytest.mark.slow), "student", "search"])
def test_a_killed_job_ends_as_an_undisturbed_one(
    where: str, outcome: Outcome, folder: Path, data: Path, tmp_path: Path
) -> None:
    share_latency(folder, tmp_path)
    cfg = small_job(data, tmp_path)
    process = multiprocessing.get_context("spawn").Process(target=killed_at, args=(where, cfg))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    left = list((tmp_path / "artifacts" / where).rglob("*"))
    assert left, f"the stage {where} has written no file"
    resumed = repeatable(run_job(cfg, Run()).metrics)
    expected = repeatable(outcome.metrics)
    assert resumed.keys() == expected.keys()
    for name, value in expected.items():
        assert resumed[name] == pytest.approx(value, abs=1e-6), name


def halving_job(data: Path, folder: Path) -> Config:
    """Six candidates, of which three are trained in full."""
    cfg = small_job(data, folder)
    cfg.surrogate = dataclasses.replace(cfg.surrogate, candidates=6, halving_rungs=2, halving_factor=4.0)
    return cfg


def candidates_in(folder: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in (folder / "artifacts" / "candidate").rglob("manifest.json")]


def test_successive_halving_saves_trainings_and_resumes_after_a_kill(data: Path, tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    outcome = run_job(halving_job(data, undisturbed), Run())
    trained = candidates_in(undisturbed)
    assert len(trained) == 6 + 3
    assert sorted({made["values"]["examples"] for made in trained}) == [30, 60]  # type: ignore[index]
    assert outcome.metrics["surrogate/halving_saved_share"] == pytest.approx(1 - (6 * 0.25 + 3) / 6)
    assert "trained 3 of 6 candidates to the last rung" in outcome.report.read_text()

    killed.mkdir()
    share_latency(undisturbed, killed)
    cfg = halving_job(data, killed)
    process = multiprocessing.get_context("spawn").Process(target=killed_at, args=("candidate", cfg))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    assert 0 < len(candidates_in(killed)) < 9
    assert repeatable(run_job(cfg, Run()).metrics) == pytest.approx(repeatable(outcome.metrics), abs=1e-6)


def test_report_shows_the_search_and_the_next_best(outcome: Outcome) -> None:
    page = outcome.report.read_text()
    assert "rank 2 of the search" in page
    assert "latency of the winner" in page
    assert (outcome.report.parent / "search.png").exists()
    assert 0 < outcome.metrics["search/hypervolume_ratio"] <= 1


def test_the_picture_of_the_surrogate_and_its_sentence_give_the_same_errors(outcome: Outcome) -> None:
    page = outcome.report.read_text()
    pictures = [base64.b64decode(text).decode() for text in re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page)]
    (picture,) = [text for text in pictures if "candidates not used for the fit" in text]
    in_sentence = re.search(r"mean absolute error [\d.]+ points \(constant predictor [\d.]+\)", page)
    assert in_sentence
    assert in_sentence[0] in picture


def refused(cfg: Config) -> AvatarError:
    with pytest.raises(AvatarError) as caught:
        run_job(cfg, Run())
    assert caught.value.exit_status == 2
    assert not list(Path(cfg.artifacts.folder).rglob("student/*/manifest.json"))
    return caught.value


def test_an_impossible_budget_names_the_nearest(data: Path, tmp_path: Path) -> None:
    cfg = small_job(data, tmp_path)
    cfg.search.budget_mb = 0.0001
    error = refused(cfg)
    assert isinstance(error, ConfigError)
    assert "search.budget_mb" in error.message + error.hint


def test_predictions_of_the_wrong_length_are_refused(data: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "short.npy", np.zeros((7, 2), dtype=np.float32))
    cfg = small_job(data, tmp_path)
    cfg.teacher.path = str(tmp_path / "short.npy")
    error = refused(cfg)
    assert isinstance(error, DataError)
    assert "7" in error.message
    assert "120" in error.message


def test_missing_predictions_are_refused(data: Path, tmp_path: Path) -> None:
    cfg = small_job(data, tmp_path)
    cfg.teacher.path = str(tmp_path / "none.npy")
    assert "there is no such file" in refused(cfg).message
    cfg.teacher.path = str(data / "logits.npy")
    cfg.teacher.mix = [str(tmp_path / "second.npy")]
    assert "second.npy: there is no such file" in refused(cfg).message


def test_a_second_teacher_changes_the_labels(data: Path, tmp_path: Path) -> None:
    cfg = small_job(data, tmp_path)
    np.save(tmp_path / "second.npy", -3 * np.load(data / "logits.npy"))  # larger logits with the opposite sign
    cfg.teacher.mix = [str(tmp_path / "second.npy")]
    assert run_job(cfg, Run()).metrics["valid/accuracy"] < 0.5


def test_an_unwritable_output_folder_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cfg = small_job(data, tmp_path)
    cfg.output_dir = str(tmp_path / "file" / "out")
    assert "output folder" in refused(cfg).message


def test_a_malformed_line_is_named(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    copy.mkdir()
    for path in data.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    lines = (copy / "valid.jsonl").read_text().splitlines()
    lines[2] = "{ not json"
    (copy / "valid.jsonl").write_text("\n".join(lines))
    message = refused(small_job(copy, tmp_path)).message
    assert "valid.jsonl" in message
    assert "3" in message


def test_the_feedback_loop_trains_more_candidates(data: Path, tmp_path: Path) -> None:
    cfg = small_job(data, tmp_path)
    cfg.search = dataclasses.replace(cfg.search, rounds=2, candidates_per_round=2)
    run_job(cfg, Run())
    candidates = list((tmp_path / "artifacts" / "candidate").rglob("manifest.json"))
    assert len(candidates) == cfg.surrogate.candidates + 2
    archs = {json.dumps(json.loads(path.read_text())["values"]["architecture"]) for path in candidates}
    assert len(archs) == len(candidates)
