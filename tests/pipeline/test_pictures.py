"""Every picture of a report says in one line what to see in it, and its numbers are those of the sentences."""

import dataclasses
import html
import re
from pathlib import Path

import numpy as np
import pytest
from jobs import small_job, write_pairs
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from avatar.config.schema import Config
from avatar.pipeline import stage_14_report
from avatar.pipeline.job import Job
from avatar.pipeline.recording import Recorder
from avatar.pipeline.report_pictures import chosen_rows
from avatar.pipeline.results import Results
from avatar.pipeline.run_job import run_stages
from avatar.pipeline.stage_09_search import Searched
from avatar.report.html_page import Report, render_page
from avatar.report.result_table import cell
from avatar.report.style import LABELS
from avatar.search.choose import values_of
from avatar.search.objectives import OBJECTIVES
from avatar.tracking.runs import Run

LONGEST = 160
"""Characters of a line below a picture, at the usual width of the page."""
ERRORS = re.compile(r"mean absolute error ([\d.]+) points \(constant predictor ([\d.]+)\)")


@dataclasses.dataclass(frozen=True)
class Made:
    """A report with the results in it."""

    report: Report
    results: Results


@pytest.fixture(scope="module")
def cfg(tmp_path_factory: pytest.TempPathFactory) -> Config:
    folder = tmp_path_factory.mktemp("pictures")
    return small_job(write_pairs(folder / "data"), folder)


@pytest.fixture(scope="module")
def made(cfg: Config) -> Made:
    job = Job.of(cfg)
    results = run_stages(job, Recorder(Run(), cfg))
    return Made(stage_14_report.compose(job, results, ""), results)


def words(figure: Figure) -> str:
    parts = [text.get_text() for axes in figure.axes for text in axes.texts]
    parts += [axes.get_title() for axes in figure.axes]
    return "\n".join(parts)


def test_every_picture_says_below_it_in_one_line_what_to_see(made: Made) -> None:
    assert set(made.report.pictures) >= {"Trade-off", "Latency", "Surrogate", "Search"}
    page = html.unescape(render_page(made.report))
    for title, picture in made.report.pictures.items():
        assert picture.see.endswith("."), title
        assert "\n" not in picture.see
        assert 20 < len(picture.see) <= LONGEST, title
        below = re.search(rf"<figcaption><b>{title}</b> (.*?)</figcaption>", page)
        assert below
        assert below[1] == picture.see


def test_the_errors_of_the_surrogate_are_the_same_in_picture_line_and_sentence(made: Made) -> None:
    picture = made.report.pictures["Surrogate"]
    said = ERRORS.findall(made.report.facts["surrogate of accuracy"])
    assert len(said) == 1
    assert ERRORS.findall(words(picture.figure)) == ERRORS.findall(picture.see) == said
    judged = made.results.surrogate.accuracy.judged
    assert judged is not None
    assert said[0] == (f"{100 * judged.mae:.2f}", f"{100 * judged.constant_mae:.2f}")
    assert judged.constant_mae == pytest.approx(made.results.surrogate.accuracy.validation["constant"].mae)


def test_the_latencies_of_the_picture_are_those_of_the_table(made: Made) -> None:
    column = made.report.table["latency_ms"].dropna()
    picture = made.report.pictures["Latency"]
    for value in column:
        assert f"{cell('latency_ms', value)} ms" in words(picture.figure)
    assert f"{cell('latency_ms', column['student'])} ms" in picture.see


def test_the_end_of_the_search_is_the_share_in_the_sentence(made: Made) -> None:
    picture = made.report.pictures["Search"]
    curve, exact = picture.figure.axes[0].lines
    share = 100 * np.asarray(curve.get_ydata())[-1] / np.asarray(exact.get_ydata())[0]
    assert f"{share:.2f} % of the" in made.report.facts["search"]
    assert f"{share:.2f} %" in picture.see


def stars(figure: Figure) -> list[np.ndarray]:
    """The points of the star in each panel."""
    return [
        np.asarray(series.get_offsets())
        for panel in figure.axes
        for series in panel.collections
        if isinstance(series, PathCollection) and series.get_label() == LABELS["chosen"]
    ]


def test_the_star_is_one_point_with_the_values_of_the_sentence(made: Made) -> None:
    """The winner's accuracy was drawn twice, measured and predicted; the sentence has one of both."""
    results = made.results
    assert results.student.model.arch == results.searched.winner
    points = stars(made.report.pictures["Trade-off"].figure)
    assert points
    assert all(len(one) == 1 for one in points)
    said = re.search(r"accuracy ([\d.]+)", results.searched.values[0])
    assert said
    for one in points:
        assert float(f"{one[0, 1] / 100:.4g}") == pytest.approx(float(said[1]))


@pytest.mark.parametrize("source", ["measured", "predicted"])
def test_a_trained_winner_is_drawn_where_the_sentence_has_it(made: Made, source: str) -> None:
    """The search may choose by the prediction also an architecture that was trained."""
    searched = made.results.searched
    column = searched.result.objectives.index("accuracy")
    values = searched.result.values.copy()
    row = (
        searched.result.architectures.index(searched.winner) if searched.winner in searched.result.architectures else 0
    )
    values[row, column] = 0.123
    archs = list(searched.result.architectures)
    archs[row] = searched.winner
    result = dataclasses.replace(searched.result, values=values, architectures=tuple(archs))
    objectives = [OBJECTIVES.get(name) for name in result.objectives]
    told = values_of(result, row, objectives) if source == "predicted" else searched.values[0]
    changed: Searched = dataclasses.replace(
        searched,
        result=result,
        values=(told, *searched.values[1:]),
    )
    results = dataclasses.replace(made.results, searched=changed)
    in_front, in_trained = chosen_rows(results)
    assert (in_front.sum(), in_trained.sum()) == ((1, 0) if source == "predicted" else (0, 1))


def test_pictures_are_written_as_files(made: Made, tmp_path: Path) -> None:
    stage_14_report.write(made.report, tmp_path, made.results)
    names = {f"{title.lower().replace(' ', '_')}.png" for title in made.report.pictures}
    assert names == {path.name for path in tmp_path.glob("*.png")}
