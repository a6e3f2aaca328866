"""How a result is written: a table for a terminal, or JSON for programs."""

import dataclasses
import json
from collections.abc import Callable

from avatar.common.printable import printable
from avatar.common.registry import Registry
from avatar.metrics import shown_metrics
from avatar.serve.evaluate.result import Result

FORMATS: Registry[Callable[[Result], str]] = Registry("format")
VERSION = 1
"""Version of the JSON layout; it is raised when a key changes its meaning or is removed."""


@FORMATS.register("table")
def table(result: Result) -> str:
    """One line for each score, with its meaning; then counts and notes."""
    shown = shown_metrics()
    rows = []
    for name, score in result.scores.items():
        if name in shown:
            rows.append((shown[name].title, shown[name].text(score), shown[name].meaning))
        else:  # precision and recall
            rows.append((name, f"{100 * score:.2f} %", ""))
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    lines = [f"{title:<{widths[0]}}  {score:>{widths[1]}}  {meaning}".rstrip() for title, score, meaning in rows]
    counts = ", ".join(f"{name} {count:,}" for name, count in result.counts.items())
    threshold = f"; label 1 from probability {result.threshold:.3g} on" if result.threshold is not None else ""
    lines += ["", *(f"note: {printable(note)}" for note in result.notes)]
    lines.append(
        f"{printable(result.data)} ({result.kind}): {counts}; student {printable(result.bundle)} "
        f"(task {result.task}){threshold}; {result.seconds:.1f} s"
    )
    return "\n".join([*lines, ""])


@FORMATS.register("json")
def plain(result: Result) -> str:
    """The whole result as one JSON object; scores are not in per cent."""
    return json.dumps({"version": VERSION, **dataclasses.asdict(result)}, indent=2, ensure_ascii=False) + "\n"
