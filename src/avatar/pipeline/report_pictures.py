"""The pictures of a report, each with a line that says what to see in it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from avatar.pipeline.job import Job
from avatar.pipeline.results import Results
from avatar.pipeline.stage_09_search import as_frame
from avatar.report import figures
from avatar.report.html_page import Picture
from avatar.report.result_table import Row, cell
from avatar.search.choose import values_of
from avatar.search.objectives import OBJECTIVES
from avatar.search.result import SearchResult
from avatar.space.architecture import Architecture


def pictures(job: Job, results: Results, rows: Sequence[Row], student: str) -> dict[str, Picture]:
    """By title, in the order of the page. `rows` are those of the table; `student` is the name of the student's row."""
    drawn = {
        "Trade-off": _trade_off(job, results),
        "Latency": _latency(rows, student),
        "Surrogate": _surrogate(results),
        "Search": _search(job, results),
        "Front": _front(results),
    }
    return {title: picture for title, picture in drawn.items() if picture is not None}


def chosen_rows(results: Results) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the search's evaluations and of the trained candidates is the student; at most one row of both is.

    A trained student has a predicted and a measured accuracy. The winner's is the one that the report states in words.
    """
    searched, arch = results.searched, results.student.model.arch
    evaluated, trained = (_rows(result, arch) for result in (searched.result, searched.measured))
    if not evaluated.any() or not trained.any():
        return evaluated, trained
    objectives = [OBJECTIVES.get(name) for name in searched.result.objectives]
    predicted = values_of(searched.result, int(evaluated.argmax()), objectives)
    measured = values_of(searched.measured, int(trained.argmax()), objectives)
    in_words = searched.values[0] if arch == searched.winner else measured
    if in_words == predicted != measured:
        return evaluated, np.zeros_like(trained)
    return np.zeros_like(evaluated), trained


def _rows(result: SearchResult, arch: Architecture) -> NDArray[np.bool_]:
    """The first row of `arch`."""
    rows = np.array([other == arch for other in result.architectures], dtype=bool)
    return rows & (np.cumsum(rows) == 1)


def _trade_off(job: Job, results: Results) -> Picture | None:
    frame, tried = as_frame(results.searched.result), as_frame(results.searched.measured)
    if "accuracy" not in frame:
        return None
    frame["chosen"], tried["chosen"] = chosen_rows(results)
    frame["trained"], tried["trained"], tried["front"] = False, True, False
    scores = results.labels.unlabeled_metrics
    known = [] if scores is None else [getattr(scores, job.cfg.dataset.metric)]
    references = pd.DataFrame({"accuracy": known}, index=["teacher (unlabelled half)"][: len(known)], dtype=float)
    return Picture(
        figures.pareto(pd.concat([frame, tried], ignore_index=True), references),
        "Accuracy on valid after a short training: higher is better, further left is cheaper. The star is the chosen "
        "student.",
    )


def _latency(rows: Sequence[Row], student: str) -> Picture:
    times = {row.model: row.latency_ms for row in rows if row.latency_ms is not None}
    others = [(name, value) for name, value in times.items() if name != student]
    beside = f", the teacher {cell('latency_ms', others[0][1])} ms" if others else ""
    return Picture(
        figures.latency_bars(times),
        f"Shorter is faster: from text to label the student needs {cell('latency_ms', times[student])} ms{beside}.",
    )


def _surrogate(results: Results) -> Picture | None:
    judged = results.surrogate.accuracy.judged
    if judged is None:
        return None
    scores = results.surrogate.scores
    return Picture(
        figures.surrogate_fit(judged, scores.mean, scores.measured),
        f"Near the dashed line a prediction is right; here: {judged.compared}.",
    )


def _search(job: Job, results: Results) -> Picture | None:
    progress = results.searched.convergence
    if len(progress.evaluations) < 2:
        return None
    end = (
        "where it is flat, it finds none"
        if progress.ratio is None
        else f"its end is at {100 * progress.ratio:.2f} % of the best possible, the dotted line"
    )
    return Picture(
        figures.hypervolume({job.cfg.search.name: (progress.evaluations, progress.hypervolumes)}, progress.exact),
        f"The line rises where the search finds better trade-offs; {end}.",
    )


def _front(results: Results) -> Picture | None:
    searched = results.searched
    frame = as_frame(searched.result)
    shown = frame["front"].to_numpy(dtype=bool)
    if "accuracy" not in frame or shown.sum() < 2:
        return None
    names = [gene.name for gene in results.space.genes] + list(searched.result.objectives)
    chosen = _rows(searched.result, results.student.model.arch)[shown]
    thick = "the thick one is the chosen student" if chosen.any() else "the chosen student is not among them"
    return Picture(
        figures.parallel_coordinates(frame.loc[shown, names], "accuracy", chosen),
        f"Each line is one of the best trade-offs, with its predicted accuracy; {thick}.",
    )
