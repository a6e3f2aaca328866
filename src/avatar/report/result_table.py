"""The result table of a run: the student, its teacher and the cheap baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from avatar.common.printable import printable
from avatar.metrics import METRICS, VECTOR_METRICS, Shown, shown_metrics


@dataclass(frozen=True, slots=True)
class Row:
    """One model of the table; None means not measured. `scores` by metric; `ratio` is teacher's latency / model's."""

    model: str
    scores: Mapping[str, float] = field(default_factory=dict)
    size_mb: float | None = None
    latency_ms: float | None = None
    ratio: float | None = None
    gflops: float | None = None
    joules: float | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """How one field of `Row` is shown: titles on a page and a terminal, factor, format, and meaning in a few words."""

    title: str
    short: str
    scale: float = 1.0
    form: str = ".3g"
    meaning: str = ""


def _of_metric(metric: Shown) -> Column:
    short = metric.short or metric.title
    return Column(metric.title + metric.unit, short + metric.unit, metric.scale, metric.form, metric.meaning)


COLUMNS = {
    **{name: _of_metric(METRICS.get(name)) for name in METRICS},
    **{name: _of_metric(VECTOR_METRICS.get(name)) for name in VECTOR_METRICS},
    "size_mb": Column("size MB", "MB", meaning="megabytes of weights"),
    "latency_ms": Column("latency ms", "ms", meaning="median time for one example in milliseconds"),
    "ratio": Column("speed-up", "speed-up", meaning="how many times faster than the teacher"),
    "gflops": Column("GFLOPs", "GFLOPs", meaning="billions of floating-point operations for one example"),
    "joules": Column("J/example", "J", meaning="energy for one example in joules"),
}
RESULTS = tuple(COLUMNS)
"""The columns of the first table of a page, and of a terminal."""
DETAILS = tuple(name for name in shown_metrics() if name not in COLUMNS)
"""The columns of the second table of a page: how good the probabilities are, and the order that they give."""
COLUMNS |= {name: _of_metric(metric) for name, metric in shown_metrics().items() if name in DETAILS}
"""The columns, in order."""

SCORES = tuple(shown_metrics())
"""The columns that are scores."""
MISSING = "-"


def scores_in(values: Mapping[str, float], group: str) -> dict[str, float]:
    """The `scores` of a row, from values by MLflow name: with the group "test", F1 is "test/f1"."""
    return {name: values[f"{group}/{name}"] for name in SCORES if f"{group}/{name}" in values}


def summary(rows: Sequence[Row]) -> pd.DataFrame:
    """One row per model in the units of `Row`; NaN means not measured. The index is the model's name."""
    values = {
        name: [row.scores.get(name) if name in SCORES else getattr(row, name) for row in rows] for name in COLUMNS
    }
    frame = pd.DataFrame(values, dtype=float)
    frame.index = pd.Index([row.model for row in rows], name="model")
    return frame


def cell(name: str, value: float) -> str:
    """One number as text. Measurements have three significant digits, and no exponent below a million."""
    if pd.isna(value):
        return MISSING
    column = COLUMNS[name]
    scaled = value * column.scale
    if column.form != ".3g":
        return format(scaled, column.form)
    if abs(scaled) >= 100 and abs(scaled) < 1e6:
        return format(scaled, ",.0f")
    return format(scaled, ".3g")


def formatted(frame: pd.DataFrame, names: Sequence[str] = RESULTS) -> pd.DataFrame:
    """The columns `names` of the table as text, with titles; columns without any number are left out."""
    cells = {COLUMNS[name].title: [cell(name, value) for value in frame[name]] for name in _shown(frame, names)}
    return pd.DataFrame(cells, index=frame.index)


def meanings(frame: pd.DataFrame, names: Sequence[str] = RESULTS) -> list[tuple[str, str]]:
    """Title and meaning of those columns that need an explanation."""
    return [(COLUMNS[name].title, COLUMNS[name].meaning) for name in _shown(frame, names) if COLUMNS[name].meaning]


def _shown(frame: pd.DataFrame, names: Sequence[str]) -> list[str]:
    return [name for name in names if name in frame and frame[name].notna().any()]


def render(frame: pd.DataFrame, width: int = 100) -> str:
    """The table as plain text for a terminal, numbers aligned right, no line longer than `width`.

    Long model names are cut. If that is not enough, columns are dropped from the right.
    """
    table = formatted(frame).rename(columns={column.title: column.short for column in COLUMNS.values()})
    names = [printable(str(name)) for name in table.index]
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
