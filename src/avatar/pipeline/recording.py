"""What is logged to MLflow about a job, while it runs and at its end."""

from dataclasses import dataclass
from pathlib import Path

from avatar.config.schema import Config
from avatar.data.records import SplitName, Task
from avatar.pipeline.results import Results
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_07_candidates import Candidate
from avatar.pipeline.stage_08_surrogate import FittedSurrogate
from avatar.pipeline.stage_09_search import Searched
from avatar.pipeline.stage_11_finals import Finals
from avatar.search.objectives import OBJECTIVES, MeasuredObjective
from avatar.space.cost import count_flops, weights_mb
from avatar.tracking.runs import Run


@dataclass(frozen=True)
class Recorder:
    """Logs the results of a job's stages to one open MLflow run."""

    run: Run
    cfg: Config

    def teacher(self, labels: Labels) -> None:
        """A nested run for the teacher."""
        with self.run.child_run("teacher", {"stage": "teacher"}) as child:
            if labels.unlabeled_metrics is not None:
                child.log_metrics(labels.unlabeled_metrics.as_dict("teacher_unlabeled/"))
            if labels.test_metrics is not None:
                child.log_metrics(labels.test_metrics.as_dict("teacher_test/"))

    def candidate(self, task: Task, candidate: Candidate, number: int) -> None:
        """A nested run for one trained candidate, with scores on valid only: they choose the winner."""
        metric, arch = self.cfg.dataset.metric, candidate.arch
        below = candidate.scores[: candidate.rungs - 1]
        measured = {
            objective.mlflow: value
            for name, value in candidate.measured.items()
            if issubclass(objective := OBJECTIVES.get(name), MeasuredObjective) and objective.mlflow
        }
        with self.run.child_run(f"candidate {number}", {"stage": "candidate"}) as child:
            child.log_params(arch.as_dict())
            child.log_metrics(
                {
                    f"valid/{metric}": candidate.score if candidate.complete else None,
                    **{f"rung_{rung}/valid_{metric}": score for rung, score in enumerate(below, start=1)},
                    "size/weights_mb": weights_mb(arch, task),
                    "compute/gflops": count_flops(arch, task) / 1e9,
                    "train/seconds": candidate.seconds,
                    **measured,
                }
            )
            for epoch in candidate.artifact.values["history"]:
                child.log_metrics({"valid/loss": epoch["valid/loss"]}, step=int(epoch["epoch"]))

    def finalists(self, task: Task, finals: Finals) -> None:
        """A nested run for each finalist; none if there is only one."""
        if len(finals.finalists) == 1:
            return
        for number, student in enumerate(finals.finalists, start=1):
            tags = {"stage": "finalist", "kept": str(student is finals.student).lower()}
            with self.run.child_run(f"finalist {number}", tags) as child:
                child.log_params(student.model.arch.as_dict())
                child.log_metrics(
                    {
                        f"valid/{self.cfg.dataset.metric}": student.score,
                        "size/weights_mb": weights_mb(student.model.arch, task),
                        "train/seconds": student.artifact.seconds,
                        "train/collapses": float(student.collapses),
                    }
                )

    def job(self, results: Results, metrics: dict[str, float], output: Path, bundle: Path) -> None:
        """All metrics, the report's files, the student's nested run, and the student as a model."""
        self.run.log_metrics(metrics)
        if results.measured.energy_method is not None:
            self.run.set_tags({"energy_method": results.measured.energy_method})
        for path in sorted(output.glob("*.*")):
            if path.suffix in (".html", ".csv", ".png"):
                self.run.log_artifact(path)
        with self.run.child_run("student", {"stage": "student"}) as child:
            child.log_params(results.student.model.arch.as_dict())
            child.log_metrics(metrics)
            for epoch in results.student.artifact.values["history"]:
                child.log_metrics(
                    {
                        f"valid/epoch_{name}": epoch[f"valid/{name}"]
                        for name in ("accuracy", "loss", "score")
                        if f"valid/{name}" in epoch
                    },
                    step=int(epoch["epoch"]),
                )
        if self.cfg.tracking.log_model:
            self.run.log_student_model(bundle, _example(results.data))


def search_metrics(surrogate: FittedSurrogate, searched: Searched) -> dict[str, float]:
    """Number of evaluations, share of the exact front's hypervolume, and quality of the surrogate, by MLflow name."""
    values = {"search/evaluations": float(searched.result.evaluated)}
    if searched.convergence.ratio is not None:
        values["search/hypervolume_ratio"] = searched.convergence.ratio
    if surrogate.saved_share is not None:
        values["surrogate/halving_saved_share"] = surrogate.saved_share
    best = surrogate.accuracy.validation.get(surrogate.accuracy.name)
    if best is not None:
        values |= {
            "surrogate/mae": best.mae,
            "surrogate/kendall_tau": best.kendall_tau,
            "surrogate/constant_mae": best.constant_mae,
        }
    return values


def collapse_metrics(results: Results) -> dict[str, float]:
    """By MLflow name: collapsed trainings of finalists and candidates, and 1 if that of the kept student collapsed."""
    return {
        "train/collapses": float(sum(student.collapses for student in results.finals.finalists)),
        "train/candidate_collapses": float(sum(bool(candidate.collapse) for candidate in results.candidates)),
        "train/collapsed": float(results.student.collapsed),
    }


def _example(data: Data) -> list[str] | list[tuple[str, str]]:
    """Two test examples, or a pair of functions of groups of clones, that show the input of the model."""
    members = data.corpus.members(SplitName.TEST)[:2]
    if data.corpus.task.grouped:
        members = members.reshape(1, 2)
    if data.corpus.task is Task.FUNCTION:
        return [data.texts[row] for (row,) in members]
    return [(data.texts[first], data.texts[second]) for first, second in members]
