"""One self-contained HTML page about a run: no script, no external file, light and dark."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from avatar.common.files import write_text
from avatar.common.printable import printable
from avatar.report.result_table import DETAILS, MISSING, RESULTS, formatted, meanings


@dataclass(frozen=True)
class Picture:
    """A figure, and one line that says what to see in it."""

    figure: Figure
    see: str


@dataclass(frozen=True)
class Report:
    """The content of a report, independent of its subject.

    `summary` is one sentence under the title. `table` is made by `result_table.summary`; its index has the models,
    and the row named `highlight` is emphasised. `pictures` are shown in order, by title. `notes` are warnings about the
    numbers. `facts` are shown as a list of keys and values. `energy` has lines about energy and emissions in the same
    form; `emissions_g` are the g CO2e of the training and of all that led to it, None if not known. `config` is the
    run's YAML.
    """

    title: str
    table: pd.DataFrame
    summary: str = ""
    highlight: str = ""
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    notes: Sequence[str] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    energy: Mapping[str, str] = field(default_factory=dict)
    emissions_g: float | None = None
    config: str = ""


def svg(figure: Figure) -> str:
    """The figure as SVG text; equal figures give equal text."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "avatar", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _image(figure: Figure) -> str:
    """The figure as a data URL."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg(figure).encode()).decode()


def render_page(report: Report) -> str:
    """The page as HTML; all text is escaped."""
    environment = Environment(
        loader=PackageLoader("avatar.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    titles = {"Results": RESULTS, "Probabilities and their order": DETAILS}
    return environment.get_template("page.html").render(
        report=report,
        tables=[_table(report.table, title, names) for title, names in titles.items()],
        pictures=[(title, _image(picture.figure), picture.see) for title, picture in report.pictures.items()],
    )


def _table(frame: pd.DataFrame, title: str, names: Sequence[str]) -> dict[str, Any]:
    """Title, columns, rows, and meanings of columns; models without any of the scores are left out."""
    table = formatted(frame, names)
    rows = [(str(name), list(cells)) for name, cells in zip(table.index, table.to_numpy(), strict=True)]
    return {
        "title": title,
        "columns": list(table.columns),
        "rows": [(name, cells) for name, cells in rows if set(cells) != {MISSING}],
        "meanings": meanings(frame, names),
    }


def write_report(report: Report, path: Path) -> None:
    """Write the page. A failed write leaves no partial file."""
    write_text(path, printable(render_page(report), lines=True))
