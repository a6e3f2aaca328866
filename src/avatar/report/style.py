"""Colours, markers and small drawing helpers that all pictures share."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from avatar.common.printable import printable

BLUE = "#2a6fb0"
ORANGE = "#d9660a"
GREY = "#8c8c8c"

ACCURACY = "accuracy (%)"
"""Label of an axis with accuracies."""

MARKERS: dict[str, dict[str, Any]] = {
    "dominated": {"marker": ".", "s": 14, "color": "#b8c4d0", "zorder": 2},
    "front": {"marker": "o", "s": 26, "facecolors": "white", "edgecolors": BLUE, "zorder": 3},
    "trained": {"marker": "s", "s": 34, "color": BLUE, "edgecolors": "black", "zorder": 4},
    "chosen": {"marker": "*", "s": 190, "color": ORANGE, "edgecolors": "black", "zorder": 6},
    "reference": {"marker": "D", "s": 36, "color": "black", "zorder": 5},
}
"""How each series of points looks."""

LABELS = {
    "dominated": "dominated (others are better)",
    "front": "front (the best trade-offs)",
    "trained": "trained",
    "chosen": "chosen",
}
"""What the legend calls each series of points."""

REMARK: dict[str, Any] = {
    "fontsize": 8,
    "color": "#444444",
    "bbox": {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
}
"""How text inside a panel looks."""


def literal(text: str) -> str:
    """A name as matplotlib shows it unchanged: `$` would start a formula, and a wrong formula is an error."""
    return printable(text).replace("$", r"\$")


def log_axis(panel: Axes) -> None:
    """A logarithmic x axis with plain numbers; ticks at 1, 2 and 5 where the range is small."""
    panel.set_xscale("log")
    low, high = panel.get_xlim()
    steps = (1.0, 2.0, 5.0) if high / low < 150 else (1.0,)
    panel.xaxis.set_major_locator(LogLocator(subs=steps))
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    panel.xaxis.set_minor_formatter(NullFormatter())


def tidy(panel: Axes, x: str | None, y: str | None) -> None:
    """Axis labels, a light grid, and no frame at the top and the right."""
    if x:
        panel.set_xlabel(x)
    if y:
        panel.set_ylabel(y)
    panel.grid(color="#e3e3e3", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)


def line_labels(panel: Axes, lines: list[tuple[float, str]], gap: float = 0.05) -> None:
    """Label horizontal lines (height, name) at the left. Lines closer than `gap`, a share of the axis, share one."""
    bottom, top = panel.get_ylim()
    groups: list[tuple[float, list[str]]] = []
    for height, name in sorted(lines):
        if groups and height - groups[-1][0] < gap * (top - bottom):
            groups[-1] = (height, [*groups[-1][1], name])
        else:
            groups.append((height, [name]))
    for height, names in groups:
        panel.annotate(
            ", ".join(names),
            (0.01, height),
            xycoords=("axes fraction", "data"),
            va="bottom",
            **REMARK,
        )
