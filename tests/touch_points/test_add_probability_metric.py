"""A new metric of probabilities: the Brier score."""

from changed import MOST, changed, check_run

from conftest import Scratch

METRIC = '''"""The mean squared difference of probability and label (Brier 1950)."""

import numpy as np

from avatar.metrics.base import PROBABILITY_METRICS, ProbabilityMetric


def brier(probabilities, labels):
    return float(((probabilities - labels) ** 2).mean())


PROBABILITY_METRICS.register("brier")(
    ProbabilityMetric(brier, "Brier score", percent=False, lower_is_better=True, meaning="lower is better")
)
'''

PROGRAM = """
import numpy as np
from sklearn.metrics import brier_score_loss
from avatar.data.records import Corpus, Function, Sample, SplitName, Task
from avatar.measure.baselines import evaluate_baselines
from avatar.measure.metrics import scored
from avatar.report.html_page import Report, render_page
from avatar.report.result_table import Row, scores_in, summary
from avatar.serve.evaluate.formats import FORMATS
from avatar.serve.evaluate.result import Result
from avatar.tracking.mlflow_values import finite

rng = np.random.default_rng(0)
labels = (rng.random(300) < 0.3).astype(np.int64)
chances = np.clip(0.4 * labels + 0.5 * rng.random(300), 0, 1)
metrics = scored(labels, (chances > 0.5).astype(np.int64), chances)
assert np.isclose(metrics.brier, brier_score_loss(labels, chances))
values = metrics.as_dict("test/")
assert "test/brier" in finite(values)
table = summary([Row("student", scores_in(values, "test"))])
page = render_page(Report("t", table))
assert "Brier score" in page and f"{metrics.brier:.3f}" in page
shown = FORMATS.get("table")(Result("functions", "b", "d", "function", {"brier": metrics.brier}, {"functions": 300}))
assert "Brier score" in shown and f"{metrics.brier:.3f}" in shown, shown

words = [f"w{n} " + ("strcpy" if label else "puts") + " (x) ;" for n, label in enumerate(labels)]
functions = {str(n): Function(str(n), text) for n, text in enumerate(words)}
samples = [Sample(str(n), int(label)) for n, label in enumerate(labels)]
splits = {SplitName.UNLABELED: samples[:200], SplitName.VALID: samples[200:250], SplitName.TEST: samples[250:]}
corpus = Corpus("toy", Task.FUNCTION, functions, splits)
scores = evaluate_baselines(corpus, corpus.members(SplitName.UNLABELED), corpus.labels(SplitName.UNLABELED), seed=1)
assert scores["tfidf"].brier < 0.1
"""


def test_a_metric_of_probabilities_is_a_file_and_a_line(scratch: Scratch) -> None:
    scratch.write("src/avatar/metrics/brier.py", METRIC)
    scratch.add_after(
        "src/avatar/metrics/__init__.py",
        "from avatar.metrics import accuracy, calibration, f1, fixes, mcc, nearest_clones, pairs_of_vectors, ranking",
        "from avatar.metrics import brier",
    )
    assert len(changed(scratch)) == 2 <= MOST
    check_run(scratch, PROGRAM)
