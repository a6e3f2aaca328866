"""A small job with energy: of one prediction with its interval, and of teacher, search and training."""

import dataclasses
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from every_stage import brief_timing
from jobs import small_job, write_pairs

from avatar.config.schema import Config, MeasureConfig, TeacherConfig
from avatar.pipeline.plan import plan
from avatar.pipeline.run_job import Outcome, run_job
from avatar.tracking.runs import Run

MEASURED = MeasureConfig(
    warmup=1,
    examples=6,
    teacher_examples=2,
    energy_seconds=0.5,
    thop=False,
    robustness=False,
    compressor_baseline=False,
)
OURS = TeacherConfig(max_length=32, encoder_layers=1, trainable_layers=0, pooling="mean", epochs=1, timing="self")
PURPOSES = ("teacher", "search", "training")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("data"), 60)


@pytest.fixture(scope="module")
def cfg(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Config:
    return small_job(data, tmp_path_factory.mktemp("energy"), measure=MEASURED, teacher=OURS)


@pytest.fixture(scope="module", autouse=True)
def brief() -> Iterator[None]:
    with brief_timing():
        yield


@pytest.fixture(scope="module")
def outcome(cfg: Config) -> Outcome:
    return run_job(cfg, Run())


def card(outcome: Outcome) -> str:
    return (outcome.bundle / "README.md").read_text()


def test_the_interval_of_30_repeats_is_in_metrics_report_and_card(outcome: Outcome) -> None:
    values, page = outcome.metrics, outcome.report.read_text()
    assert values["energy/repeats"] == values["energy/teacher_repeats"] == 30
    for model in ("", "teacher_"):
        joules, half = (values[f"energy/{model}joules_per_example{part}"] for part in ("", "_ci95"))
        assert 0 < half < joules
        shown = f"{joules:#.3g} ± {half:.2g} J"
        assert shown in page
        assert shown in card(outcome)
    assert values["energy/ratio"] > 1
    assert "the mean of 30 repeats; the 95 % interval is by" in card(outcome)


def test_search_training_and_use_have_their_emissions_in_the_card(outcome: Outcome, cfg: Config) -> None:
    text, values = card(outcome), outcome.metrics
    section = text.split("## Energy and CO2e\n")[1].split("\n## ")[0]
    for title in ("teacher", "search", "training of the student", "one prediction"):
        (line,) = [line for line in section.splitlines() if line.startswith(f"- **{title}**")]
        assert "CO2e" in line
    for purpose in PURPOSES:
        assert values[f"energy/{purpose}_joules"] > 0
        assert f"{values[f'energy/{purpose}_joules'] / 3600:#.3g} Wh" in section
    head = yaml.safe_load(text.removeprefix("---\n").split("\n---\n", 1)[0])
    total = sum(values[f"energy/{purpose}_co2e_g"] for purpose in PURPOSES)
    assert head["co2_eq_emissions"]["emissions"] == pytest.approx(total, rel=1e-4)
    assert "not counted" in section
    assert "encoder from which the teacher starts" in section
    assert f"{cfg.surrogate.candidates} x candidate" in section


def test_the_energy_of_a_purpose_is_that_of_its_stages_manifests(outcome: Outcome, cfg: Config) -> None:
    manifests = [json.loads(path.read_text()) for path in Path(cfg.artifacts.folder).glob("*/*/manifest.json")]
    assert all(made["energy"]["joules"] >= 0 for made in manifests)
    students = sum(made["energy"]["joules"] for made in manifests if made["stage"] == "student")
    assert 0 < students <= outcome.metrics["energy/training_joules"]
    counted = sum(outcome.metrics[f"energy/{purpose}_joules"] for purpose in PURPOSES)
    others = [made["energy"]["joules"] for made in manifests if made["stage"] in ("dataset", "measure", "export")]
    assert counted + sum(others) == pytest.approx(sum(made["energy"]["joules"] for made in manifests))


def test_reused_stages_count_and_are_marked(outcome: Outcome, cfg: Config) -> None:
    assert "reused from earlier jobs" not in outcome.report.read_text()
    again = run_job(dataclasses.replace(cfg, output_dir=f"{cfg.output_dir} again"), Run())
    assert again.metrics == outcome.metrics
    assert card(again) == card(outcome)
    page = again.report.read_text()
    marked = re.search(r"<dt>reused from earlier jobs</dt><dd>(.*?)</dd>", page)
    assert marked
    wh = f"{outcome.metrics['energy/search_joules'] / 3600:#.3g} Wh"
    assert f"search {wh} of {wh}" in marked[1]
    assert all(step.state.endswith("done") or "only if" in step.state for step in plan(cfg))


@pytest.mark.slow
def test_stages_of_unknown_energy_are_named(outcome: Outcome, cfg: Config, tmp_path: Path) -> None:
    """Candidates that were made with measure.energy=false, or by an older version, are said to be missing."""
    store = tmp_path / "artifacts"
    shutil.copytree(Path(cfg.artifacts.folder), store)
    for name in ("candidate", "surrogate", "search", "measure", "export"):
        shutil.rmtree(store / name)
    silent = small_job(Path(cfg.dataset.root or ""), tmp_path, teacher=OURS)
    silent.measure = dataclasses.replace(MEASURED, energy=False)
    without = run_job(silent, Run())
    assert not [name for name in without.metrics if name.startswith("energy/")]
    assert "CO2e" not in card(without)
    mixed = run_job(dataclasses.replace(silent, measure=MEASURED), Run())
    text = card(mixed)
    assert f"no energy was recorded when these were made: {cfg.surrogate.candidates} x candidate" in text
    assert 0 < mixed.metrics["energy/search_joules"] < outcome.metrics["energy/search_joules"]


def test_a_recorded_teacher_is_named_as_not_counted(data: Path, tmp_path: Path) -> None:
    text = card(run_job(small_job(data, tmp_path, measure=MEASURED), Run()))
    assert "the training of the teacher, if there is one: this job did not train it" in text
