"""The table that every run ends with: the student beside its teacher and the cheap baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from avatar.data.metrics import METRICS, Metric


@dataclass(frozen=True, slots=True)
class Row:
    """One model of the table; None is not measured. `scores` by metric; `ratio` is teacher to this model."""

    model: str
    scores: Mapping[str, float] = field(default_factory=dict)
    size_mb: float | None = None
    latency_ms: float | None = None
    ratio: float | None = None
    gflops: float | None = None
    joules: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """How one field of `Row` is shown: its titles on a page and a terminal, its factor, and its format."""

    title: str
    short: str
    scale: float = 1.0
    form: str = ".3g"


def _of_metric(metric: Metric) -> Column:
    short = metric.short or metric.title
    return Column(metric.title + metric.unit, short + metric.unit, metric.scale, metric.form)


COLUMNS = {
    **{name: _of_metric(METRICS.get(name)) for name in METRICS},
    "size_mb": Column("size MB", "MB"),
    "latency_ms": Column("latency ms", "ms"),
    "ratio": Column("speed-up", "speed-up"),
    "gflops": Column("GFLOPs", "GFLOPs"),
    "joules": Column("J/example", "J"),
}
"""Shown columns, in order."""

MISSING = "-"


def scores_in(values: Mapping[str, float], group: str) -> dict[str, float]:
    """The `scores` of a row from numbers by MLflow name, of which those in `group` are such as "test/f1"."""
    return {name: values[f"{group}/{name}"] for name in METRICS if f"{group}/{name}" in values}


def summary(rows: Sequence[Row]) -> pd.DataFrame:
    """One line a model, with `Row`'s units; NaN where nothing was measured. The index is the model's name."""
    values = {
        name: [row.scores.get(name) if name in METRICS.names() else getattr(row, name) for row in rows]
        for name in COLUMNS
    }
    frame = pd.DataFrame(values, dtype=float)
    frame.index = pd.Index([row.model for row in rows], name="model")
    return frame


def cell(name: str, value: float) -> str:
    """One number as text: three significant digits for measurements, never in exponents below a million."""
    if pd.isna(value):
        return MISSING
    column = COLUMNS[name]
    scaled = value * column.scale
    if column.form != ".3g":
        return format(scaled, column.form)
    if abs(scaled) >= 100 and abs(scaled) < 1e6:
        return format(scaled, ",.0f")
    return format(scaled, ".3g")


def formatted(frame: pd.DataFrame) -> pd.DataFrame:
    """The table as text, with titles; columns in which no model has a number are left out."""
    shown = [name for name in COLUMNS if name in frame and frame[name].notna().any()]
    cells = {COLUMNS[name].title: [cell(name, value) for value in frame[name]] for name in shown}
    return pd.DataFrame(cells, index=frame.index)


def render(frame: pd.DataFrame, width: int = 100) -> str:
    """The table as plain text for a terminal, numbers right-aligned, no line longer than `width`.

    Long model names are cut; where that is not enough, columns are dropped from the right.
    """
    table = formatted(frame).rename(columns={column.title: column.short for column in COLUMNS.values()})
    names = [str(name) for name in table.index]
    widths = [max(map(len, [title, *table[title]])) for title in map(str, table)]
    while widths and sum(widths) + 2 * len(widths) + min(12, max(map(len, ["model", *names]))) > width:
        widths.pop()
    room = width - sum(widths) - 2 * len(widths)
    first = max(min(room, max(map(len, ["model", *names]))), 5)
    lines = [["model", *table.columns[: len(widths)]]]
    lines += [[name, *table.iloc[row, : len(widths)]] for row, name in enumerate(names)]
    texts = [_line(cells, first, widths) for cells in lines]
    return "\n".join([texts[0], "-" * len(texts[0]), *texts[1:]])


def _line(cells: Sequence[str], first: int, widths: Sequence[int]) -> str:
    name = cells[0] if len(cells[0]) <= first else cells[0][: first - 1] + "…"
    numbers = [text.rjust(width) for text, width in zip(cells[1:], widths, strict=True)]
    return "  ".join([name.ljust(first), *numbers])
