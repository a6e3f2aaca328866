"""The model card of a student: the report as markdown for the Hugging Face hub."""

import re
from collections.abc import Sequence

from avatar.common.printable import printable
from avatar.report.html_page import Report
from avatar.report.result_table import formatted


def model_card(report: Report, tags: Sequence[str] = ()) -> str:
    """Markdown with the YAML header of the hub: results, notes, facts, configuration."""
    tagged = [f"- {tag}" for tag in ("code", "distillation", *tags)]
    head = ["---", "library_name: avatar", "tags:", *tagged, *_emissions(report), "---"]
    parts = ["\n".join(head), f"# {_plain(report.title)}"]
    if report.summary:
        parts.append(_plain(report.summary))
    parts += ["## Results", _table(report)]
    if report.notes:
        notes = [f"- {_plain(note)}" for note in report.notes]
        parts += ["## What to know about these numbers", "\n".join(notes)]
    if report.energy:
        energy = [f"- **{_plain(key)}**: {_plain(value)}" for key, value in report.energy.items()]
        parts += ["## Energy and CO2e", "\n".join(energy)]
    if report.facts:
        facts = [f"- **{_plain(key)}**: {_plain(str(value))}" for key, value in report.facts.items()]
        parts += ["## How it was made", "\n".join(facts)]
    if report.config:
        parts += ["## Configuration", _fenced(report.config)]
    return "\n\n".join(parts) + "\n"


def _emissions(report: Report) -> list[str]:
    """The hub's entry about emissions, in g CO2e."""
    if report.emissions_g is None:
        return []
    return ["co2_eq_emissions:", f"  emissions: {report.emissions_g:.6g}", "  source: codecarbon"]


def _table(report: Report) -> str:
    table = formatted(report.table)
    lines = ["| model | " + " | ".join(table.columns) + " |", "|---|" + "---:|" * len(table.columns)]
    for name, cells in zip(table.index, table.to_numpy(), strict=True):
        shown = f"**{_plain(str(name))}**" if name == report.highlight else _plain(str(name))
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _fenced(text: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}yaml\n{printable(text.rstrip(), lines=True)}\n{fence}"


def _plain(text: str) -> str:
    """`text` as one line, markup and control characters escaped."""
    return re.sub(r"([\\`*_|<>\[\]#])", r"\\\1", printable(" ".join(text.split())))
