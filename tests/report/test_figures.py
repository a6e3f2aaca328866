"""The pictures show the given data, labelled with units."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from avatar.report import figures
from avatar.report.result_table import cell
from avatar.surrogate.validation import validate

SOLUTIONS = pd.DataFrame(
    {
        "accuracy": [0.91, 0.93, 0.95, 0.90],
        "size": [0.5, 1.0, 2.9, 2.0],
        "latency": [0.2, 0.4, 0.9, 1.5],
        "flops": [0.01, 0.02, 0.08, 0.03],
        "front": [True, True, True, False],
        "chosen": [False, False, True, False],
    }
)
REFERENCES = pd.DataFrame(
    {"accuracy": [0.962, 0.94, 0.5], "size": [498.6, np.nan, np.nan]}, index=["teacher", "TF-IDF", "constant"]
)


def texts(figure: Figure) -> str:
    figure.canvas.draw()
    shown = [text.get_text() for panel in figure.axes for text in [*panel.texts, panel.title]]
    shown += [panel.get_xlabel() + "|" + panel.get_ylabel() for panel in figure.axes]
    shown += [tick.get_text() for panel in figure.axes for tick in panel.get_xticklabels()]
    return "\n".join(shown)


def test_pareto_has_a_panel_for_each_cost_and_every_point() -> None:
    figure = figures.pareto(SOLUTIONS, REFERENCES)
    assert [panel.get_xlabel() for panel in figure.axes] == [
        "size of the weights (MB)",
        "latency of one example (ms)",
        "GFLOPs of one example",
    ]
    panel = figure.axes[0]
    series = {str(points.get_label()).split(" (")[0]: points.get_offsets() for points in panel.collections}
    assert sorted(np.asarray(series["front"]).tolist()) == [[0.5, 91.0], [1.0, 93.0], [2.9, 95.0]]
    assert np.asarray(series["dominated"]).tolist() == [[2.0, 90.0]]
    assert np.asarray(series["chosen"]).tolist() == [[2.9, 95.0]]
    assert "predicted" in panel.get_ylabel()


def test_pareto_shows_references_inside_and_outside_the_range() -> None:
    figure = figures.pareto(SOLUTIONS, REFERENCES, predicted=False)
    shown = texts(figure)
    assert "teacher: 499 →" in shown  # far to the right: at the edge, with its size
    assert "TF-IDF" in shown
    assert "outside this range: constant 50.0 %" in shown
    assert figure.axes[0].get_xlim()[1] < 50
    low, high = figure.axes[0].get_ylim()
    assert 80 < low < 90
    assert high > 96.2
    assert figure.axes[0].get_ylabel() == "accuracy (%)"


def test_pareto_leaves_out_what_was_not_measured() -> None:
    figure = figures.pareto(SOLUTIONS.drop(columns="latency").assign(flops=np.nan))
    assert len(figure.axes) == 1


def test_a_single_solution_can_be_drawn() -> None:
    shown = texts(figures.pareto(SOLUTIONS.iloc[[2]], REFERENCES))
    assert "teacher" in shown


def test_latency_bars_are_named_and_logarithmic() -> None:
    figure = figures.latency_bars({"student": 0.61, "teacher": 488.0}, {"student": 1.1})
    panel = figure.axes[0]
    assert panel.get_xscale() == "log"
    assert sorted(bar.get_width() for bar in panel.patches) == [0.61, 488.0]  # type: ignore[attr-defined]
    assert "0.61 ms" in texts(figure)
    assert "(ms" in panel.get_xlabel()


def test_numbers_of_thousands_are_written_as_in_the_table() -> None:
    """1,235 ms of the table was 1.23e+03 ms in the picture, and a length of 1024 was 1.02e+03."""
    figure = figures.latency_bars({"student": 0.61, "teacher": 1234.5})
    assert f"{cell('latency_ms', 1234.5)} ms" in texts(figure)
    frame = SOLUTIONS[["accuracy"]].assign(max_length=[1024, 2048, 2048, 512])
    shown = texts(figures.parallel_coordinates(frame, "accuracy"))
    assert "e+0" not in shown
    assert "2,048" in shown


def test_surrogate_fit_names_the_errors_of_the_validation() -> None:
    measured = np.array([0.90, 0.92, 0.94, 0.80])
    judged = validate(
        "random_forest",
        lambda X, y, unseen, seed: (np.full(len(unseen), 0.9), np.full(len(unseen), 0.01)),
        np.zeros((4, 1)),
        measured,
        folds=2,
        repeats=3,
        seed=0,
    )
    drawn = np.array([True, True, True, False])
    figure = figures.surrogate_fit(judged, measured, drawn)
    name, errors, count = figure.axes[0].get_title().splitlines()
    assert (name, errors, count) == ("random forest", judged.compared, "4 candidates, 3 shown")
    assert f"mean absolute error {100 * judged.mae:.2f} points" in errors
    assert f"{100 * judged.constant_mae:.2f}" in errors
    assert len(np.asarray(figure.axes[0].lines[0].get_xdata())) == 3
    assert figures.surrogate_fit(judged, measured).axes[0].get_title().endswith("\n4 candidates")


def test_hypervolume_tells_searchers_apart_without_colour() -> None:
    curve = (np.arange(5), np.linspace(0, 1, 5))
    figure = figures.hypervolume({"nsga2": curve, "random": curve}, exact=1.1)
    styles = {(line.get_linestyle(), line.get_linewidth()) for line in figure.axes[0].lines}
    assert len(styles) == 3


@pytest.mark.parametrize("chosen", [None, np.array([False, False, True, False])])
def test_parallel_coordinates_leave_constant_genes_out(chosen: np.ndarray | None) -> None:
    frame = SOLUTIONS[["accuracy", "size"]].assign(tokenizer=["bpe", "word", "bpe", "word"], layers=1)
    figure = figures.parallel_coordinates(frame, "accuracy", chosen)
    shown = texts(figure)
    assert "tokenizer" in shown
    assert "word" in shown
    assert "layers" not in shown
    widths = [line.get_linewidth() for line in figure.axes[0].lines if len(np.asarray(line.get_xdata())) == 3]
    assert len(widths) == 4
    assert (max(widths) > 2) is (chosen is not None)
