"""A new metric: balanced accuracy."""

from changed import MOST, changed, check_run

from conftest import Scratch

METRIC = '''"""The mean of the shares of right answers among both labels."""

from avatar.metrics.base import METRICS, Metric, shares


def score(tp, fp, fn, tn):
    return (shares(tp, tp + fn) + shares(tn, tn + fp)) / 2


METRICS.register("balanced")(Metric(score, "balanced accuracy", short="bal. acc", uninformed=0.5))
'''

PROGRAM = """
import numpy as np, torch
from sklearn.metrics import balanced_accuracy_score
from avatar.config.schema import Config, DatasetConfig
from avatar.data.cuts import best_cut, score_of
from avatar.data.records import Corpus, Function, Sample, SplitName, Task
from avatar.data.lightning_training import SCORE, valid_scores
from avatar.measure.baselines import evaluate_baselines
from avatar.measure.decision import Decision, fit_decision
from avatar.measure.metrics import classification, score_text
from avatar.measure.standard_error import influences
from avatar.report.result_table import Row, formatted, render, scores_in, summary

assert Config(dataset=DatasetConfig(metric="balanced")).dataset.metric == "balanced"
rng = np.random.default_rng(0)
labels = (rng.random(300) < 0.15).astype(np.int64)
logits = np.stack([np.zeros(300), rng.normal(size=300) + 1.5 * labels - 2], axis=1)
decision = fit_decision(logits, labels, "balanced")
answers = decision.labels(logits)
reached = classification(labels, answers).balanced
assert np.isclose(reached, balanced_accuracy_score(labels, answers))
assert decision.threshold < 0.5 and reached > classification(labels, Decision().labels(logits)).balanced
margins = logits[:, 1]
assert np.isclose(best_cut(margins, labels, "balanced").score, score_of(margins, labels, "balanced"))
assert np.isclose(valid_scores(torch.from_numpy(logits), torch.from_numpy(labels), "balanced")[SCORE], reached)
assert influences(answers, labels, "balanced").shape == (300,)
noise = fit_decision(np.zeros((300, 2)), labels, "balanced")
assert noise.threshold == 0.5, noise

words = [f"w{n} " + ("strcpy" if label else "puts") + " (x) ;" for n, label in enumerate(labels)]
functions = {str(n): Function(str(n), text) for n, text in enumerate(words)}
samples = [Sample(str(n), int(label)) for n, label in enumerate(labels)]
splits = {SplitName.UNLABELED: samples[:150], SplitName.VALID: samples[150:220], SplitName.TEST: samples[220:]}
corpus = Corpus("toy", Task.FUNCTION, functions, splits)
train_labels = corpus.labels(SplitName.UNLABELED)
scores = evaluate_baselines(corpus, corpus.members(SplitName.UNLABELED), train_labels, seed=1, metric="balanced")
assert scores["tfidf"].balanced == 1.0 and scores["constant"].balanced == 0.5, scores

values = classification(labels, answers).as_dict("test/")
table = summary([Row("student", scores_in(values, "test"))])
assert table.loc["student", "balanced"] == reached
assert f"{100 * reached:.2f}" == formatted(table).loc["student", "balanced accuracy %"]
assert "bal. acc %" in render(table)
assert score_text(0.5, "balanced") == "50.00 %"
"""


def test_a_metric_is_a_file_and_a_line(scratch: Scratch) -> None:
    scratch.write("src/avatar/metrics/balanced.py", METRIC)
    scratch.add_after(
        "src/avatar/metrics/__init__.py",
        "from avatar.metrics import accuracy, calibration, f1, fixes, mcc, nearest_clones, pairs_of_vectors, ranking",
        "from avatar.metrics import balanced",
    )
    assert len(changed(scratch)) == 2 <= MOST
    check_run(scratch, PROGRAM)
