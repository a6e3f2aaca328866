"""Stage 14: the report: its table, its figures and its HTML page."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from avatar.common.files import write_text, writing
from avatar.measure.baselines import VECTOR_BASELINES, titles
from avatar.measure.judging import BETWEEN, LANGUAGE, Decided
from avatar.measure.metrics import score_text
from avatar.measure.student_flips import METRICS, TITLES
from avatar.pipeline.job import Job
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_02_teacher import Teacher
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_05_latency import MeasuredLatency
from avatar.pipeline.stage_07_candidates import Candidate
from avatar.pipeline.stage_08_surrogate import FittedSurrogate, objective_titles
from avatar.pipeline.stage_09_search import Searched, as_frame, front_frame
from avatar.pipeline.stage_10_student import TrainedStudent
from avatar.pipeline.stage_11_finals import Finals
from avatar.pipeline.stage_13_measure import Measured
from avatar.report import figures
from avatar.report.html_page import Report, write_report
from avatar.report.result_table import COLUMNS, Row, scores_in, summary
from avatar.space.space import SearchSpace

STUDENT = "student"
BASELINE_TITLES = {
    "compressor": "Compressor's rule (most FLOPs)",
    **titles(),
    **{name: baseline.title for name, baseline in VECTOR_BASELINES.items()},
}
"""Title of every baseline by its name in MLflow, in the order of the table."""


@dataclass(frozen=True)
class Results:
    """The results of all stages.

    `timed` are the measured milliseconds of the search's winner and the runners-up, with random weights. `compressor`
    is the student of Compressor's rule, a baseline.
    """

    data: Data
    teacher: Teacher
    labels: Labels
    space: SearchSpace
    latency: MeasuredLatency
    candidates: tuple[Candidate, ...]
    surrogate: FittedSurrogate
    searched: Searched
    timed: tuple[float, ...]
    finals: Finals
    measured: Measured
    compressor: TrainedStudent | None = None

    @property
    def student(self) -> TrainedStudent:
        """The student that is kept."""
        return self.finals.student

    @property
    def collapses(self) -> list[str]:
        """A sentence for each student of which a training collapsed, and one for the candidates."""
        students = [*self.finals.finalists, *([self.compressor] if self.compressor is not None else [])]
        told = [student.sentence for student in students if student.sentence]
        count = sum(bool(candidate.collapse) for candidate in self.candidates)
        if count:
            told.append(
                f"The short training of {count} of the {len(self.candidates)} candidates collapsed: at its end, they "
                "gave the same answer to every example of valid."
            )
        return told


def compose(job: Job, results: Results, settings: str) -> Report:
    """The report of one job, as data."""
    cfg, values = job.cfg, results.measured.values
    arch, surrogate = results.student.model.arch, results.surrogate
    rows = [_row(STUDENT, values, "test"), *_teacher_row(job, values)]
    rows += [
        _row(title, values, f"baseline_{name}_test", f"baseline_{name}_")
        for name, title in BASELINE_TITLES.items()
        if f"baseline_{name}_test/{cfg.dataset.metric}" in values
    ]
    return Report(
        title=f"{cfg.experiment}: {cfg.dataset.name}, teacher {cfg.teacher.name}, search space {cfg.search_space.name}",
        table=summary(rows),
        summary=f"The student is {arch}: {values['size/weights_mb']:.2f} MB of weights.",
        highlight=STUDENT,
        figures=_figures(job, results, rows),
        captions={
            "Trade-off": "Accuracy on valid: measured for trained candidates, predicted by the surrogate for all "
            "others.",
            "Surrogate": "Measured accuracy of each candidate, and the accuracy predicted for it by a surrogate that "
            "was not fitted on it. With successive halving, candidates that were stopped early are not shown.",
            "Search": "Hypervolume (size of the region that the best trade-offs so far cover), computed with predicted "
            f"accuracy. The unit is the box that the {'exact' if results.searched.convergence.exact else 'final'} "
            "front spans.",
        },
        notes=_notes(job, results),
        facts={
            _winner_title(results): results.searched.sentence,
            **_runners_up(results),
            **({"finals": results.finals.sentence} if results.finals.sentence else {}),
            "surrogate of accuracy": results.surrogate.accuracy.sentence,
            **({"halving": surrogate.halving} if surrogate.halving else {}),
            **{f"surrogate of {name}": surrogate.choices[name].sentence for name in objective_titles(surrogate)},
            "latency model": results.latency.model.summary,
            "student": str(arch),
            "weights": f"{values['size/params']:,.0f} parameters, {values['size/weights_mb']:.3f} MB",
            **_trust(results.measured),
            "seed": str(cfg.seed),
        },
        config=settings,
    )


def write(report: Report, folder: Path, results: Results) -> Path:
    """Write page, table, front and figures into `folder`; the result is the path of the page."""
    page = folder / "report.html"
    write_report(report, page)
    write_text(folder / "table.csv", report.table.to_csv())
    write_text(folder / "front.csv", front_frame(results.searched.result).to_csv(index=False))
    for name, figure in report.figures.items():
        with writing(folder / f"{name.lower().replace(' ', '_')}.png") as temporary:
            figure.savefig(temporary, dpi=120, format="png")
    return page


def _trust(measured: Measured) -> dict[str, str]:
    """How far the student's answers and their probabilities can be trusted, as lines of the report."""
    values, decision = measured.values, measured.decision
    flips = [f"{TITLES[kind]} {100 * values[name]:.2f} %" for kind, name in METRICS.items() if name in values]
    shown = {"prediction flips": f"share of changed predictions: {', '.join(flips)}"} if flips else {}
    if decision.head is not None:
        return {**shown, **_of_pairs(values, decision)}
    lines = {
        "calibration": "Expected calibration error (average difference between a probability and the share of correct "
        f"answers) on test: {100 * values['fidelity/ece']:.2f} %; {100 * values['fidelity/ece_scaled']:.2f} % with the "
        f"temperature {decision.temperature:.3g}, which was fitted on valid"
    }
    if decision.threshold != 0.5:
        lines["threshold"] = f"label 1 if the probability is at least {decision.threshold:.3g}; fitted on valid"
    return {**shown, **lines}


def _of_pairs(values: Mapping[str, float], decision: Decided) -> dict[str, str]:
    """How far the probabilities of pairs can be trusted, and the scores by language."""
    assert decision.head is not None
    rate = f"one clone in {1 / decision.head.base_rate:,.0f} pairs"
    precision = values.get("calibration/precision")
    right = "no pair has it" if precision is None else f"{100 * precision:.1f} % of these are clones at {rate}"
    lines = {
        "calibration": f"The probability of a pair is right at {rate}. Expected calibration error (average difference "
        f"between a probability and the share of clones) on test: {100 * values['calibration/ece']:.4f} %; of pairs "
        f"with a probability of at least 1 %: {100 * values['calibration/ece_shown']:.2f} %. The head was fitted on "
        "valid",
        "threshold": f"clones if the probability is at least {decision.threshold:.3g}. On test this finds "
        f"{100 * values['calibration/recall']:.1f} % of the clones; {right}",
    }
    for prefix, title, metrics in (
        (LANGUAGE, "by language", ("map_at_r",)),
        (BETWEEN, "between languages", ("mrr", "auc")),
    ):
        names = sorted({name.removeprefix(prefix).split("/")[0] for name in values if name.startswith(prefix)})
        parts = []
        for name in names:
            scores = [f"{COLUMNS[metric].short} {100 * values[f'{prefix}{name}/{metric}']:.1f}" for metric in metrics]
            parts.append(f"{name.replace('_', ' to ')}: {', '.join(scores)}")
        if parts:
            lines[title] = "; ".join(parts)
    return lines


def _row(name: str, values: Mapping[str, float], scores: str, costs: str = "") -> Row:
    student = name == STUDENT
    return Row(
        name,
        scores_in(values, scores),
        size_mb=values.get(f"{costs}size/weights_mb") if student or costs else None,
        latency_ms=values.get("latency/student_ms_p50") if student else None,
        ratio=values.get("latency/ratio") if student else None,
        gflops=values.get("compute/gflops") if student else None,
        joules=values.get("energy/joules_per_example") if student else None,
    )


def _teacher_row(job: Job, values: Mapping[str, float]) -> list[Row]:
    if f"teacher_test/{job.cfg.dataset.metric}" not in values and "latency/teacher_ms_p50" not in values:
        return []
    timing = job.cfg.teacher.timing
    name = f"teacher {job.cfg.teacher.name}" + (" (costs: CodeBERT's architecture)" if timing == "codebert" else "")
    ratio = values.get("compute/gflops_ratio")
    return [
        Row(
            name,
            scores_in(values, "teacher_test"),
            size_mb=values.get("teacher_size/weights_mb"),
            latency_ms=values.get("latency/teacher_ms_p50"),
            gflops=None if ratio is None else ratio * values["compute/gflops"],
            joules=values.get("energy/teacher_joules_per_example"),
        )
    ]


def _winner_title(results: Results) -> str:
    """Title of the search's winner, which is the student unless a challenger was kept."""
    return "winner" if results.searched.winner == results.student.model.arch else "winner of the search"


def _runners_up(results: Results) -> dict[str, str]:
    """The runners-up with their measured times, the winner's time, and the share of the exact front's hypervolume."""
    searched, timed = results.searched, results.timed
    best = zip(searched.runners_up, searched.values[1:], timed[1:], strict=True)
    facts = {
        f"rank {number} of the search": f"{arch} with {values}; measured latency {milliseconds:.3g} ms"
        for number, (arch, values, milliseconds) in enumerate(best, start=2)
    }
    facts[f"latency of the {_winner_title(results)}"] = f"{timed[0]:.3g} ms, measured for the forward pass alone"
    if searched.convergence.ratio is not None:
        facts["search"] = (
            f"{searched.result.evaluated:,} evaluations found {100 * searched.convergence.ratio:.2f} % of the "
            "hypervolume (see the picture Search) of the exact front, the best possible"
        )
    return facts


def _figures(job: Job, results: Results, rows: list[Row]) -> dict[str, Figure]:
    searched = results.searched
    frame = as_frame(searched.result)
    frame["chosen"] = [arch == results.student.model.arch for arch in searched.result.architectures]
    frame["trained"] = False
    tried = as_frame(searched.measured)
    tried["chosen"] = [arch == results.student.model.arch for arch in searched.measured.architectures]
    tried["trained"], tried["front"] = True, False
    drawn: dict[str, Figure] = {}
    if "accuracy" in frame:
        scores_of_teacher = results.labels.unlabeled_metrics
        known = [] if scores_of_teacher is None else [getattr(scores_of_teacher, job.cfg.dataset.metric)]
        references = pd.DataFrame({"accuracy": known}, index=["teacher (unlabelled half)"][: len(known)], dtype=float)
        drawn["Trade-off"] = figures.pareto(pd.concat([frame, tried], ignore_index=True), references)
    times = {row.model: row.latency_ms for row in rows if row.latency_ms is not None}
    drawn["Latency"] = figures.latency_bars(times)
    judged = results.surrogate.accuracy.judged
    if judged is not None:
        scores = results.surrogate.scores
        drawn["Surrogate"] = figures.surrogate_fit(judged, scores.mean, scores.measured)
    progress = searched.convergence
    if len(progress.evaluations) > 1:
        curves = {job.cfg.search.name: (progress.evaluations, progress.hypervolumes)}
        drawn["Search"] = figures.hypervolume(curves, progress.exact)
    front = frame[frame["front"]]
    if "accuracy" in frame and len(front) > 1:
        names = [gene.name for gene in results.space.genes] + list(searched.result.objectives)
        drawn["Front"] = figures.parallel_coordinates(front[names], "accuracy", front["chosen"].to_numpy(dtype=bool))
    return drawn


def _notes(job: Job, results: Results) -> list[str]:
    cfg, values = job.cfg, results.measured.values
    notes = [
        *results.collapses,
        *results.data.corpus.notes,
        *results.data.overlaps.sentences(),
        *results.measured.notes,
    ]
    if cfg.teacher.note:
        notes.append(cfg.teacher.note)
    if results.teacher.kind.note:
        notes.append(results.teacher.kind.note)
    if results.data.corpus.task.grouped:
        notes.append(
            f"Students are compared by {cfg.dataset.metric} (dataset.metric). Where the search and its pictures say "
            f"accuracy, they mean {cfg.dataset.metric} on valid. It also chooses epochs."
        )
    elif cfg.dataset.metric != "accuracy":
        notes.append(
            f"Students are compared by {cfg.dataset.metric} (dataset.metric). Where the search and its pictures say "
            f"accuracy, they mean {cfg.dataset.metric} on valid. It also chooses epochs and thresholds."
            + ("" if results.teacher.kind.runs else " Only the recorded teacher has the threshold 0.5.")
        )
    if not cfg.distill.use_unlabeled and not results.data.corpus.task.grouped:
        taught = "only the distances between functions" if cfg.distill.relations else "nothing"
        notes.append(
            "The student learned from the true labels of the labelled half (distill.use_unlabeled=false). From the "
            f"teacher it learned {taught}; the teacher's scores are shown for comparison."
        )
    alone = values.get(f"test_without_twins/{cfg.dataset.metric}")
    if alone is not None:
        notes.append(
            f"The student's {cfg.dataset.metric} on the test examples that use no function of the training (compared "
            f"by its body): {score_text(alone, cfg.dataset.metric)}."
        )
    verdict = _against_baselines(values, cfg.dataset.metric)
    return [verdict, *notes] if verdict else notes


def _against_baselines(values: Mapping[str, float], metric: str) -> str:
    """A sentence that names the baselines that the student does not beat on test."""
    student = values[f"test/{metric}"]
    rivals = {
        title: values[f"baseline_{name}_test/{metric}"]
        for name, title in BASELINE_TITLES.items()
        if f"baseline_{name}_test/{metric}" in values
    }
    lost = [f"{title} ({score_text(score, metric)})" for title, score in rivals.items() if score >= student]
    said = score_text(student, metric)
    if metric != "accuracy":
        name = COLUMNS[metric].title.removesuffix(" %")
        verdict = f"is not above that of: {', '.join(lost)}" if lost else "is above that of every baseline"
        return f"On test the student's {name} ({said}) {verdict}."
    if not lost:
        return f"The student ({said}) is more accurate on test than every baseline."
    return f"The student ({said}) is not more accurate on test than: {', '.join(lost)}."
