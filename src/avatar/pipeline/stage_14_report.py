"""Stage 14: the report: its table, its figures and its HTML page."""

from collections.abc import Mapping
from pathlib import Path

from avatar.common.files import write_text, writing
from avatar.measure.baselines import VECTOR_BASELINES, titles
from avatar.measure.judging import BETWEEN, LANGUAGE, Decided
from avatar.measure.metrics import score_text
from avatar.measure.student_flips import METRICS, TITLES
from avatar.pipeline.job import Job
from avatar.pipeline.report_pictures import pictures
from avatar.pipeline.results import Results
from avatar.pipeline.stage_08_surrogate import objective_titles
from avatar.pipeline.stage_09_search import front_frame
from avatar.pipeline.stage_13_measure import Measured
from avatar.report.html_page import Report, write_report
from avatar.report.result_table import COLUMNS, Row, scores_in, summary

STUDENT = "student"
BASELINE_TITLES = {
    "compressor": "Compressor's rule (most FLOPs)",
    **titles(),
    **{name: baseline.title for name, baseline in VECTOR_BASELINES.items()},
}
"""Title of every baseline by its name in MLflow, in the order of the table."""


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
        pictures=pictures(job, results, rows, STUDENT),
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
    for name, picture in report.pictures.items():
        with writing(folder / f"{name.lower().replace(' ', '_')}.png") as temporary:
            picture.figure.savefig(temporary, dpi=120, format="png")
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
