"""A new metric of vectors: the share of functions whose nearest function is a clone."""

from changed import MOST, changed, check_run

from conftest import Scratch

METRIC = '''"""The share of functions whose nearest function is a clone."""

import numpy as np

from avatar.metrics.base import VECTOR_METRICS, mean_of_each


def of_each(space):
    rows = np.arange(len(space.groups))
    parts = np.full(len(rows), np.nan)
    for part, cosines, clones in space.compared(rows, rows):
        found = clones.any(axis=1)
        nearest = cosines.argmax(axis=1)
        parts[part][found] = clones[np.arange(len(clones)), nearest][found]
    return parts


VECTOR_METRICS.register("first")(mean_of_each(of_each, "first is a clone", short="first"))
'''

PROGRAM = """
import numpy as np, torch
from avatar.config.schema import Config, DatasetConfig
from avatar.checks.registered import names
from avatar.metrics import VECTOR_METRICS, judging_metrics
from avatar.data.records import Task
from avatar.metrics.vector_space import VectorSpace
from avatar.measure.judging import JUDGES
from avatar.measure.metrics import score_text
from avatar.report.result_table import Row, formatted, scores_in, summary

cfg = Config(dataset=DatasetConfig(name="groups", metric="first"))
assert not list(names(cfg)), list(names(cfg))
assert "first" in judging_metrics(Task.EMBEDDING) and "first" not in judging_metrics(Task.PAIR)
random = np.random.default_rng(0)
groups = np.repeat(np.arange(30), 3)
space = VectorSpace(random.normal(size=(30, 8))[groups] + 0.7 * random.normal(size=(90, 8)), groups)
reached = VECTOR_METRICS.get("first").score(space)
assert 0.4 < reached < 1
table = summary([Row("student", scores_in({"test/first": reached}, "test"))])
assert formatted(table).loc["student", "first is a clone %"] == f"{100 * reached:.2f}"
assert score_text(0.5, "first") == "50.00 %"
"""


def test_a_metric_of_vectors_is_a_file_and_a_line(scratch: Scratch) -> None:
    scratch.write("src/avatar/metrics/first.py", METRIC)
    scratch.add_after(
        "src/avatar/metrics/__init__.py",
        "from avatar.metrics import accuracy, calibration, f1, fixes, mcc, nearest_clones, pairs_of_vectors, ranking",
        "from avatar.metrics import first",
    )
    assert len(changed(scratch)) == 2 <= MOST
    check_run(scratch, PROGRAM)
