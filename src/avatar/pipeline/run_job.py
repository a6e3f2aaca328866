"""One job: all stages, from a data set to a bundle and a report."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from avatar.common.errors import ArtifactError
from avatar.common.folders import copy_folder
from avatar.common.logging import get_logger
from avatar.config.schema import Config
from avatar.pipeline import (
    stage_01_dataset,
    stage_02_teacher,
    stage_03_labels,
    stage_05_latency,
    stage_06_proposals,
    stage_07_candidates,
    stage_08_surrogate,
    stage_09_search,
    stage_11_finals,
    stage_12_compressor,
    stage_13_measure,
    stage_14_report,
    stage_15_export,
)
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.energy_report import emissions, energy_lines, energy_metrics, reused_line
from avatar.pipeline.job import Job
from avatar.pipeline.recording import Recorder, collapse_metrics, search_metrics
from avatar.pipeline.results import Results
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_05_latency import MeasuredLatency
from avatar.pipeline.stage_07_candidates import Candidate
from avatar.pipeline.stage_08_surrogate import FittedSurrogate
from avatar.pipeline.stage_09_search import Searched
from avatar.report.html_page import Report
from avatar.report.model_card import model_card
from avatar.space.space import SearchSpace
from avatar.tracking.mlflow_values import result_yaml
from avatar.tracking.runs import Run

log = get_logger("pipeline")


@dataclass(frozen=True)
class Outcome:
    """The result of a job: its table, its metrics by MLflow name, and the paths of report and bundle."""

    table: pd.DataFrame
    metrics: dict[str, float]
    report: Path
    bundle: Path


def run_job(cfg: Config, tracked: Run) -> Outcome:
    """Run every stage that is not done yet, write report and bundle, and log the results to `tracked`."""
    output = Path(cfg.output_dir)
    _create_folder(output)
    job, recorder = Job.of(cfg), Recorder(tracked, cfg)
    with job.store.blames_damage():
        return _run(job, recorder, output)


def _run(job: Job, recorder: Recorder, output: Path) -> Outcome:
    results = run_stages(job, recorder)
    report, exported = finish(job, results)
    metrics = {
        **results.measured.values,
        **search_metrics(results.surrogate, results.searched),
        **collapse_metrics(results),
        **(energy_metrics(job.ledger) if job.cfg.measure.energy else {}),
        "size/bundle_mb": exported.values["bundle_mb"],
    }
    page = stage_14_report.write(report, output, results)
    bundle = output / stage_15_export.BUNDLE
    copy_folder(exported.folder / stage_15_export.BUNDLE, bundle)
    recorder.job(results, metrics, output, bundle)
    return Outcome(report.table, metrics, page, bundle)


def run_stages(job: Job, recorder: Recorder) -> Results:
    """Run stages 1 to 13, from the data to the measurement."""
    data = stage_01_dataset.run(job)
    with job.ledger.purpose("teacher"):
        teacher = stage_02_teacher.run(job, data)
        labels = stage_03_labels.run(job, data, teacher)
    recorder.teacher(labels)

    space, task = SearchSpace.from_config(job.cfg.search_space), data.corpus.task
    record = partial(recorder.candidate, task)
    with job.ledger.purpose("search"):
        latency = stage_05_latency.run(job, data, space)
        candidates, surrogate, searched = explore(job, data, labels, space, latency, record)
        timed = stage_09_search.time_winners(job, task, latency, searched)

    with job.ledger.purpose("training"):
        finals = stage_11_finals.run(job, data, labels, surrogate, searched)
    recorder.finalists(task, finals)
    compressor = stage_12_compressor.run(job, data, labels, latency)
    measured = stage_13_measure.run(job, data, teacher, labels, finals.student, compressor)
    trained = tuple(candidates)
    return Results(
        data, teacher, labels, space, latency, trained, surrogate, searched, timed, finals, measured, compressor
    )


def explore(
    job: Job,
    data: stage_01_dataset.Data,
    labels: Labels,
    space: SearchSpace,
    latency: MeasuredLatency,
    done: Callable[[Candidate, int], None],
) -> tuple[list[Candidate], FittedSurrogate, Searched]:
    """Run stages 6 to 9 in rounds: propose and train candidates, fit the surrogate, search.

    `done` is called with each trained candidate and its number.
    """
    task, rounds = data.corpus.task, job.cfg.search.rounds
    architectures = stage_06_proposals.first(job, task, latency)
    candidates: list[Candidate] = []
    for number in range(1, rounds + 1):
        candidates += stage_07_candidates.run(job, data, labels, architectures, len(candidates) + 1, done)
        surrogate = stage_08_surrogate.run(job, data, space, candidates)
        searched = stage_09_search.run(job, task, surrogate, candidates, latency)
        if number < rounds:
            architectures = stage_06_proposals.following(job, task, latency, candidates, surrogate, searched, number)
            log.info("round %d: %d more candidates", number + 1, len(architectures))
    return candidates, surrogate, searched


def finish(job: Job, results: Results) -> tuple[Report, Artifact]:
    """The report, as data, and the exported bundle with its card.

    Folders and addresses of this job are not in them: equal jobs with different folders have the same bundle.
    """
    report = stage_14_report.compose(job, results, result_yaml(job.cfg))
    if job.cfg.measure.energy:
        lines = energy_lines(job.ledger, results.measured.values, results.teacher.kind.runs)
        report = replace(report, energy=lines, emissions_g=emissions(job.ledger))
    exported = stage_15_export.run(job, results.data, results.student, model_card(report), results.measured.decision)
    return replace(report, energy={**report.energy, **reused_line(job.ledger)}), exported


def _create_folder(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArtifactError(
            f"cannot write into the output folder {output}: {error.strerror or error}",
            "choose another one with hydra.run.dir=PATH, or free some disk space",
        ) from error
