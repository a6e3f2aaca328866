"""One self-contained HTML page about a run: no script, no external file, light and dark."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib
import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from avatar.common.files import write_text
from avatar.report.result_table import formatted


@dataclass(frozen=True)
class Report:
    """What a report shows, whatever it is about.

    `summary` is one sentence under the title. `table` is as `tables.summary` gives it, with the models as
    its index; the row called `highlight` stands out. `figures` are shown in order under their titles,
    each with its caption from `captions`, if any. `notes` are caveats that belong to the numbers. `facts`
    are shown as a list of keys and values. `config` is the run's YAML.
    """

    title: str
    table: pd.DataFrame
    summary: str = ""
    highlight: str = ""
    figures: Mapping[str, Figure] = field(default_factory=dict)
    captions: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    config: str = ""


def svg(figure: Figure) -> str:
    """The figure as SVG; the same figure gives the same text."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "avatar", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _image(figure: Figure) -> str:
    """An address that holds the whole picture."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg(figure).encode()).decode()


def render_page(report: Report) -> str:
    """The page as HTML. All text is escaped."""
    environment = Environment(
        loader=PackageLoader("avatar.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    table = formatted(report.table)
    return environment.get_template("page.html").render(
        report=report,
        columns=list(table.columns),
        rows=[(str(name), list(cells)) for name, cells in zip(table.index, table.to_numpy(), strict=True)],
        pictures=[(title, _image(figure), report.captions.get(title, "")) for title, figure in report.figures.items()],
    )


def write_report(report: Report, path: Path) -> None:
    """Write the page, whole or not at all."""
    write_text(path, render_page(report))
