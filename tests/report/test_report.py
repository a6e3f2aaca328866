"""The table, the page and the card show the given content, and load nothing from outside."""

import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.figure import Figure

from avatar.common.errors import ArtifactError
from avatar.report.figures import latency_bars
from avatar.report.html_page import Picture, Report, render_page, svg, write_report
from avatar.report.model_card import model_card
from avatar.report.result_table import Row, formatted, render, summary


def scores(accuracy: float, f1: float, mcc: float) -> dict[str, float]:
    return {"accuracy": accuracy, "f1": f1, "mcc": mcc}


ROWS = [
    Row("student 1 x 192", scores(0.9612, 0.9598, 0.9225), 2.31, 0.612, 801.4, 0.0421, 0.0042),
    Row("teacher: a recorded one whose name is too long for a terminal", scores(0.962, 0.961, 0.924), 498.6, 488.6),
    Row("constant", scores(0.5, 2 / 3, 0.0)),
]


def picture() -> Figure:
    return latency_bars({"student": 0.6, "teacher": 480.0}, {"student": 0.9})


def report(**changes: object) -> Report:
    values = {
        "title": "demo <script>alert(1)</script>",
        "table": summary(ROWS),
        "highlight": ROWS[0].model,
        "pictures": {"Latency": Picture(picture(), "The shorter the bar, the faster.")},
        "notes": ["energy is an estimate", "a <b>bold</b> & sharp note"],
        "facts": {"seed": "1"},
        "config": "seed: 1\nname: '<x>'\n",
        **changes,
    }
    return Report(**values)  # type: ignore[arg-type]


def test_terminal_table_fits_and_shows_what_was_measured() -> None:
    text = render(summary(ROWS))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert len({len(line) for line in lines}) == 1
    assert lines[2].removeprefix(ROWS[0].model).split() == [
        "96.12",
        "95.98",
        "0.922",
        "2.31",
        "0.612",
        "801",
        "0.0421",
        "0.0042",
    ]
    assert lines[-1].split()[-5:] == ["-"] * 5
    assert "…" in lines[3]


@pytest.mark.parametrize("width", [30, 50, 70])
def test_a_narrow_terminal_loses_columns_not_alignment(width: int) -> None:
    lines = render(summary(ROWS), width).splitlines()
    assert max(map(len, lines)) <= width
    assert "acc %" in lines[0]


def test_columns_without_a_measurement_are_left_out() -> None:
    assert list(formatted(summary([Row("constant", scores(0.5, 0.0, 0.0))])).columns) == ["accuracy %", "F1 %", "MCC"]


def test_summary_keeps_numbers() -> None:
    frame = summary(ROWS)
    assert frame.loc["student 1 x 192", "size_mb"] == 2.31
    assert math.isnan(frame.loc["constant", "latency_ms"])


class Collector(HTMLParser):
    """Collects tags, text, and every address that a browser would load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self.addresses: list[str] = []
        self.highlighted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        self.highlighted += ("class", "highlight") in attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_page_is_self_contained_and_escapes_everything(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.html"
    write_report(report(), path)
    html = path.read_text(encoding="utf-8")
    page = Collector()
    page.feed(html)
    assert not {"script", "link", "b", "iframe"} & set(page.tags) - {"b"}
    assert page.tags.count("b") == 1  # the caption's own
    assert page.tags.count("img") == 1
    assert all(address.startswith("data:image/svg+xml;base64,") for address in page.addresses)
    assert "http" not in html.replace("http-equiv", "")
    shown = " ".join(page.text)
    for text in ("<script>alert(1)</script>", "a <b>bold</b> & sharp note", "96.12", "801", "name: '<x>'"):
        assert text in shown
    assert page.highlighted == 1
    assert "prefers-color-scheme: dark" in html
    assert "speed-up: how many times faster than the teacher." in shown


def test_page_without_extras_has_no_empty_sections() -> None:
    html = render_page(report(pictures={}, notes=[], facts={}, config=""))
    assert re.findall(r"<h2>(.*?)</h2>", html) == ["Results"]


def test_the_same_report_is_the_same_page() -> None:
    assert render_page(report()) == render_page(report())
    assert svg(picture()) == svg(picture())


def test_unwritable_folder_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match="cannot write"):
        write_report(report(), tmp_path / "file" / "report.html")


def test_card_has_the_table_and_escapes_markup() -> None:
    card = model_card(report(), tags=["clone-detection"])
    head, body = card.removeprefix("---\n").split("\n---\n", 1)
    assert yaml.safe_load(head)["tags"] == ["code", "distillation", "clone-detection"]
    assert "| **student 1 x 192** | 96.12 | 95.98 | 0.922 |" in body
    assert "\\<script\\>" in body
    assert "- a \\<b\\>bold\\</b\\> & sharp note" in body
    assert "- **seed**: 1" in body


def test_a_fence_in_the_config_does_not_end_the_block() -> None:
    card = model_card(report(config="a: '```'\n"))
    assert "````yaml\na: '```'\n````" in card


def test_table_rows_keep_their_order() -> None:
    frame = pd.concat([summary(ROWS[2:]), summary(ROWS[:2])])
    assert list(formatted(frame).index) == ["constant", "student 1 x 192", ROWS[1].model]
    assert np.isnan(frame["ratio"].iloc[0])
