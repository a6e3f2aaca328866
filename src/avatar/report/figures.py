"""The pictures of a report. Every function takes plain data and returns a matplotlib Figure.

Series differ in marker and line style as well as in colour, so that a grey print is readable.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from avatar.report.result_table import cell
from avatar.report.style import (
    ACCURACY,
    BLUE,
    GREY,
    LABELS,
    MARKERS,
    ORANGE,
    REMARK,
    line_labels,
    literal,
    log_axis,
    tidy,
)
from avatar.search.objectives import OBJECTIVES
from avatar.surrogate.validation import CrossValidation


def pareto(solutions: pd.DataFrame, references: pd.DataFrame | None = None, predicted: bool = True) -> Figure:
    """The front, one panel for each cost: accuracy against this cost, dominated points included.

    `solutions` has one row per architecture: accuracy in [0, 1], the other objectives in their units, the bool
    column `front`, and optionally the bool columns `chosen` and `trained`. `references` (the teacher, the baselines)
    has names as its index and the same columns; a NaN cost gives a horizontal line at the accuracy. With `predicted`
    the axis says that the accuracies come from a surrogate.
    """
    costs = [
        name
        for name in solutions
        if name in OBJECTIVES.names() and not OBJECTIVES.get(name).maximise and solutions[name].notna().any()
    ]
    figure = Figure(figsize=(4.4 * len(costs), 4.2), layout="constrained")
    panels = figure.subplots(1, len(costs), squeeze=False)[0]
    front = solutions["front"].to_numpy(dtype=bool)
    masks = {"dominated": ~front, "front": front}
    for name in ("trained", "chosen"):
        if name in solutions:
            masks[name] = solutions[name].to_numpy(dtype=bool)
    limits = _limits(solutions, references)
    for panel, cost in zip(panels, costs, strict=True):
        for series, mask in masks.items():
            _scatter(panel, solutions.loc[mask, cost], solutions.loc[mask, "accuracy"], series)
        if OBJECTIVES.get(cost).logarithmic:
            log_axis(panel)
        panel.set_ylim(*limits)
        if references is not None:
            _references(panel, references, cost)
        tidy(panel, OBJECTIVES.get(cost).title, None)
    panels[0].set_ylabel("accuracy (%), predicted if not trained" if predicted else ACCURACY)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=len(labels) if len(costs) > 1 else 2,
        frameon=False,
        fontsize=9,
    )
    return figure


def _scatter(panel: Axes, cost: "pd.Series[float]", accuracy: "pd.Series[float]", series: str) -> None:
    if len(cost):
        many = len(cost) > 500
        panel.scatter(cost, 100 * accuracy, label=LABELS[series], rasterized=many, **MARKERS[series])


def _limits(solutions: pd.DataFrame, references: pd.DataFrame | None) -> tuple[float, float]:
    """Lower and upper end of the accuracy axis (%): all solutions, and the references close to them."""
    low, high = 100 * solutions["accuracy"].min(), 100 * solutions["accuracy"].max()
    reach = max(0.6 * (high - low), 2.0)
    if references is not None:
        close = 100 * references["accuracy"].dropna()
        close = close[(close > low - reach) & (close < high + reach)]
        low, high = min([low, *close]), max([high, *close])
    margin = 0.06 * (high - low) or 1.0
    return float(low - 2 * margin), float(high + 2 * margin)


def _references(panel: Axes, references: pd.DataFrame, cost: str) -> None:
    """Without a cost a line, with one a diamond (at the right edge if too large); a remark if outside the y axis."""
    bottom, top = panel.get_ylim()
    left, right = panel.get_xlim()
    lines, outside = [], []
    for name, row in references.iterrows():
        height, value = 100 * float(row["accuracy"]), float(row.get(cost, np.nan))
        if np.isnan(height):
            continue
        if not bottom < height < top:
            outside.append(f"{name} {height:.1f} %")
        elif np.isnan(value):
            panel.axhline(height, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
            lines.append((height, str(name)))
        else:
            far = value > 10 * right
            panel.scatter([right if far else value], [height], clip_on=False, **MARKERS["reference"])
            text = f"{name}: {value:,.3g} →" if far else str(name)
            point = (right if far else value, height)
            panel.annotate(text, point, xytext=(-7, 5), textcoords="offset points", fontsize=8, ha="right")
    panel.set_xlim(left, right)
    line_labels(panel, lines)
    if outside:
        remark = "outside this range: " + "\n".join(outside)
        panel.annotate(remark, (0.99, 0.015), xycoords="axes fraction", ha="right", va="bottom", **REMARK)


def latency_bars(p50: Mapping[str, float], p95: Mapping[str, float] | None = None) -> Figure:
    """Median milliseconds of one example by model, on a logarithmic axis; a line up to the 95th percentile."""
    figure = Figure(figsize=(7, 0.9 + 0.5 * len(p50)), layout="constrained")
    panel = figure.subplots()
    names = list(p50)[::-1]
    values = np.array([p50[name] for name in names])
    hatches = ["" if "student" in name.lower() else "///" for name in names]
    bars = panel.barh(
        [literal(name) for name in names], values, color=BLUE, edgecolor="white", hatch=hatches, height=0.6
    )
    for bar, name in zip(bars, names, strict=True):
        bar.set_alpha(1.0 if "student" in name.lower() else 0.55)
    ends = values.copy()
    if p95:
        ends = np.array([max(p95.get(name, value), value) for name, value in zip(names, values, strict=True)])
        panel.errorbar(
            values,
            range(len(names)),
            xerr=[np.zeros(len(names)), ends - values],
            fmt="none",
            ecolor="black",
            capsize=3,
            linewidth=1,
        )
    for row, (value, end) in enumerate(zip(values, ends, strict=True)):
        panel.annotate(
            f"{cell('latency_ms', value)} ms",
            (end, row),
            textcoords="offset points",
            xytext=(6, 0),
            va="center",
            fontsize=9,
        )
    panel.set_xlim(values.min() / 3, ends.max() * 6)
    log_axis(panel)
    median = "bar: median, line: 95th percentile" if p95 else "median"
    tidy(panel, f"latency: time for one example (ms, logarithmic axis); {median}", None)
    return figure


def surrogate_fit(
    judged: CrossValidation, measured: NDArray[np.float64], drawn: NDArray[np.bool_] | None = None
) -> Figure:
    """Accuracy that a surrogate predicts for candidates it was not fitted on, against the measured accuracy.

    `measured` (n,), in [0, 1], are the accuracies that `judged` was validated on; `drawn` (n,) selects the candidates
    to show. The errors in the title are over all n candidates, as in the report's sentence.
    """
    figure = Figure(figsize=(4.8, 4.6), layout="constrained")
    panel = figure.subplots()
    shown = np.ones(len(measured), dtype=bool) if drawn is None else drawn
    x, y = 100 * measured[shown], 100 * judged.mean[shown]
    panel.errorbar(
        x,
        y,
        yerr=100 * judged.std[shown],
        fmt="o",
        color=BLUE,
        markersize=5,
        ecolor=GREY,
        elinewidth=1,
        markeredgecolor="white",
        label="candidate",
    )
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    margin = 0.05 * (high - low) or 1.0
    line = np.array([low - margin, high + margin])
    panel.plot(line, line, color="black", linewidth=1, linestyle="--", label="perfect prediction")
    panel.set_xlim(*line)
    panel.set_ylim(*line)
    panel.set_aspect("equal")
    count = f"{len(measured)} candidates" if shown.all() else f"{len(measured)} candidates, {shown.sum()} shown"
    panel.set_title(f"{judged.name.replace('_', ' ')}\n{judged.compared}\n{count}", fontsize=10)
    tidy(panel, "measured accuracy (%)", "predicted accuracy (%),\ncandidates not used for the fit")
    panel.legend(frameon=False, fontsize=9)
    return figure


def hypervolume(curves: Mapping[str, tuple[NDArray[Any], NDArray[Any]]], exact: float | None = None) -> Figure:
    """Hypervolume against evaluations, one (evaluations, hypervolume) per searcher; `exact` is the exact front's."""
    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    panel = figure.subplots()
    styles = ["-", "--", "-.", ":"]
    colors = [BLUE, ORANGE, "#444444", "#777777"]
    for index, (name, (evaluations, volumes)) in enumerate(curves.items()):
        panel.step(
            evaluations,
            volumes,
            where="post",
            label=name,
            color=colors[index % 4],
            linestyle=styles[index % 4],
            linewidth=1.8,
        )
    if exact is not None:
        panel.axhline(exact, color="black", linewidth=0.9, linestyle=(0, (1, 2)), label="exact front (best possible)")
    tidy(panel, "architectures evaluated", "hypervolume (size of the region that\nthe best trade-offs so far cover)")
    panel.legend(frameon=False, fontsize=9, loc="lower right")
    return figure


def parallel_coordinates(frame: pd.DataFrame, colour_by: str, chosen: NDArray[np.bool_] | None = None) -> Figure:
    """One line per architecture through its genes and objectives, each axis scaled to its own range.

    Columns may be numbers or categories; `colour_by` names a numeric column. `chosen` (n,) marks the lines to draw
    thick. Columns with a single value are left out, except `colour_by`.
    """
    varied = [name for name in map(str, frame) if name == colour_by or frame[name].nunique() > 1]
    figure = Figure(figsize=(max(6.0, 1.15 * len(varied)), 4.4), layout="constrained")
    panel = figure.subplots()
    scaled = np.empty((len(frame), len(varied)))
    for index, name in enumerate(varied):
        scaled[:, index] = _axis(panel, frame[name], index)
    shade = scaled[:, varied.index(colour_by)]
    for row in np.argsort(shade):
        thick = chosen is not None and bool(chosen[row])
        panel.plot(
            range(len(varied)),
            scaled[row],
            color=ORANGE if thick else colormaps["Blues"](0.25 + 0.7 * shade[row]),
            linewidth=2.8 if thick else 0.9,
            alpha=1.0 if thick else 0.8,
            zorder=5 if thick else 2,
        )
    titles = [_title(name) for name in varied]
    panel.set_xticks(range(len(varied)), titles, rotation=30, ha="right", fontsize=8)
    panel.set_yticks([])
    panel.set_ylim(-0.1, 1.1)
    remark = ". Thick line: chosen" if chosen is not None and chosen.any() else ""
    panel.set_title(f"One line per architecture. Darker: higher {_title(colour_by)}{remark}", fontsize=9)
    panel.spines[["top", "right", "left", "bottom"]].set_visible(False)
    return figure


def _axis(panel: Axes, column: pd.Series, x: int) -> NDArray[np.float64]:
    """Draw one vertical axis at `x` and label its ends. Returns the column scaled to [0, 1]."""
    panel.axvline(x, color=GREY, linewidth=0.8, zorder=1)
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(dtype=float) * (100 if column.name == "accuracy" else 1)
        low, high = values.min(), values.max()
        ticks = {0.0: _number(low), 1.0: _number(high)} if high > low else {0.5: _number(low)}
        scaled = (values - low) / (high - low) if high > low else np.full(len(values), 0.5)
    else:
        names = sorted(column.astype(str).unique())
        heights = np.linspace(0, 1, len(names)) if len(names) > 1 else np.array([0.5])
        ticks = dict(zip(heights.tolist(), names, strict=True))
        scaled = np.array([heights[names.index(value)] for value in column.astype(str)])
    for height, text in ticks.items():
        panel.annotate(
            text,
            (x, height),
            textcoords="offset points",
            xytext=(0, 4 if height >= 0.5 else -4),
            ha="center",
            va="bottom" if height >= 0.5 else "top",
            fontsize=8,
            zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
        )
    return scaled


def _number(value: float) -> str:
    """Three significant digits, and all digits before the point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _title(name: str) -> str:
    """The title of an axis for this objective or gene."""
    if name == "accuracy":
        return ACCURACY
    return OBJECTIVES.get(name).title if name in OBJECTIVES.names() else name.replace("_", " ")
