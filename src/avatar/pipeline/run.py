"""One job, from a data set to a bundle and a report: the whole story."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from avatar.common.errors import ArtifactError
from avatar.common.logging import get_logger
from avatar.config.schema import Config
from avatar.data.records import SplitName, Task
from avatar.pipeline import (
    finals,
    stage_01_dataset,
    stage_02_teacher,
    stage_03_labels,
    stage_07_student,
    stage_08_measure,
    stage_09_export,
    stage_10_report,
)
from avatar.pipeline.artifacts import ArtifactStore
from avatar.pipeline.compressor import most_flops_within_budget
from avatar.pipeline.context import Context, Data
from avatar.pipeline.explore import Explored, explore
from avatar.pipeline.finals import Finals
from avatar.pipeline.robustness import known_language
from avatar.pipeline.stage_04_candidates import Candidate, asks_flips
from avatar.pipeline.stage_10_report import Story
from avatar.report.card import model_card
from avatar.space.size import count_flops, weights_mb
from avatar.tracking.plain import config_yaml
from avatar.tracking.runs import Run

log = get_logger("pipeline")


@dataclass(frozen=True)
class Outcome:
    """What a job ends with: its table and numbers, and where report and bundle lie."""

    table: pd.DataFrame
    metrics: dict[str, float]
    report: Path
    bundle: Path


def run_job(cfg: Config, tracked: Run) -> Outcome:
    """Run every stage that is not done already, and tell `tracked` what comes out."""
    output = Path(cfg.output_dir)
    _make(output)
    context = Context(cfg, ArtifactStore(Path(cfg.artifacts)))

    if asks_flips(cfg):
        known_language(cfg)  # before anything takes time
    data = stage_01_dataset.run(context)
    teacher = stage_02_teacher.run(context, data)
    labels = stage_03_labels.run(context, data, teacher)
    with tracked.child_run("teacher", {"stage": "teacher"}) as child:
        child.log_metrics(labels.unlabeled_metrics.as_dict("teacher_unlabeled/"))
        if labels.test_metrics is not None:
            child.log_metrics(labels.test_metrics.as_dict("teacher_test/"))

    explored = explore(
        context,
        data,
        labels,
        lambda candidate, number: _log_candidate(tracked, data.corpus.task, cfg.dataset.metric, candidate, number),
    )
    decided = finals.run(context, data, labels, explored)
    student = decided.student
    _log_finalists(tracked, data.corpus.task, cfg.dataset.metric, decided)
    compressor = None
    if cfg.measure.compressor_baseline:
        largest = most_flops_within_budget(context, explored)
        compressor = stage_07_student.run(context, data, labels, largest, "Compressor's rule")
    measured = stage_08_measure.run(context, data, teacher, labels, student, compressor)

    story = Story(data, labels, explored, decided, measured)
    report = stage_10_report.compose(context, story, config_yaml(cfg))
    exported = stage_09_export.run(context, data, student, model_card(report), measured.decision)
    metrics = {**measured.values, **_search_metrics(explored), "size/bundle_mb": exported.values["bundle_mb"]}
    page = stage_10_report.write(report, output, story)
    bundle = output / stage_09_export.BUNDLE
    shutil.copytree(exported.folder / stage_09_export.BUNDLE, bundle, dirs_exist_ok=True)

    _log_job(tracked, context, data, story, metrics, output, bundle)
    return Outcome(report.table, metrics, page, bundle)


def _make(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(
            f"cannot write into the output folder {output}: {error.strerror or error}",
            "choose another one with hydra.run.dir=PATH, or free some disk space",
        ) from error


def _log_candidate(tracked: Run, task: Task, metric: str, candidate: Candidate, number: int) -> None:
    """A nested run for one trained candidate. It is never scored on test: its scores choose the winner."""
    arch, below = candidate.arch, candidate.scores[: candidate.rungs - 1]
    with tracked.child_run(f"candidate {number}", {"stage": "candidate"}) as child:
        child.log_params(arch.as_dict())
        child.log_metrics(
            {
                f"valid/{metric}": candidate.score if candidate.complete else None,
                **{f"rung_{rung}/valid_{metric}": score for rung, score in enumerate(below, start=1)},
                "size/weights_mb": weights_mb(arch, task),
                "compute/gflops": count_flops(arch, task) / 1e9,
                "train/seconds": candidate.seconds,
                "robustness/flip_rate": candidate.artifact.values.get("flips"),
            }
        )
        for epoch in candidate.artifact.values["history"]:
            child.log_metrics({"valid/loss": epoch["valid/loss"]}, step=int(epoch["epoch"]))


def _log_finalists(tracked: Run, task: Task, metric: str, decided: Finals) -> None:
    """A nested run for each student that valid had to choose from; none where there was one."""
    if len(decided.finalists) == 1:
        return
    for number, finalist in enumerate(decided.finalists, start=1):
        student = finalist.student
        tags = {"stage": "finalist", "kept": str(student is decided.student).lower()}
        with tracked.child_run(f"finalist {number}", tags) as child:
            child.log_params(student.model.arch.as_dict())
            child.log_metrics(
                {
                    f"valid/{metric}": finalist.score,
                    "size/weights_mb": weights_mb(student.model.arch, task),
                    "train/seconds": student.artifact.seconds,
                }
            )


def _search_metrics(explored: Explored) -> dict[str, float]:
    values = {"search/evaluations": float(explored.found.result.evaluated)}
    if explored.found.convergence.ratio is not None:
        values["search/hypervolume_ratio"] = explored.found.convergence.ratio
    if explored.predictor.saved_share is not None:
        values["surrogate/halving_saved_share"] = explored.predictor.saved_share
    best = explored.predictor.choice.validation.get(explored.predictor.choice.name)
    if best is not None:
        values |= {
            "surrogate/mae": best.mae,
            "surrogate/kendall_tau": best.kendall_tau,
            "surrogate/constant_mae": best.constant_mae,
        }
    return values


def _log_job(
    tracked: Run, context: Context, data: Data, story: Story, metrics: dict[str, float], output: Path, bundle: Path
) -> None:
    tracked.log_metrics(metrics)
    if story.measured.energy_method is not None:
        tracked.set_tags({"energy_method": story.measured.energy_method})
    for path in sorted(output.glob("*.*")):
        if path.suffix in (".html", ".csv", ".png"):
            tracked.log_artifact(path)
    with tracked.child_run("student", {"stage": "student"}) as child:
        child.log_params(story.student.model.arch.as_dict())
        child.log_metrics(metrics)
        for epoch in story.student.artifact.values["history"]:
            child.log_metrics(
                {f"valid/epoch_{name}": epoch[f"valid/{name}"] for name in ("accuracy", "loss", "score")},
                step=int(epoch["epoch"]),
            )
    if context.cfg.tracking.log_model:
        tracked.log_student_model(bundle, _example(data))


def _example(data: Data) -> list[str] | list[tuple[str, str]]:
    """Two test examples that show what the model reads."""
    functions = list(data.corpus.functions.values())
    members = data.corpus.members(SplitName.TEST)[:2]
    if data.corpus.task is Task.FUNCTION:
        return [functions[row].code for (row,) in members]
    return [(functions[first].code, functions[second].code) for first, second in members]
