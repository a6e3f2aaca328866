"""A new baseline: long functions are vulnerable."""

from changed import MOST, changed, check_run

from conftest import Scratch

BASELINE = '''"""Only the length of a function."""

import numpy as np

from avatar.data.cuts import best_cut
from avatar.data.records import Task
from avatar.measure.baselines.base import Baseline, BaselineTask, Predicted


def predict(job: BaselineTask) -> Predicted:
    lengths = np.asarray([len(text) for text in job.texts])
    cut = best_cut(lengths[job.train[:, 0]], job.labels, job.metric).value
    return Predicted((lengths[job.test[:, 0]] >= cut).astype(np.int64))


LENGTH = Baseline(predict, (Task.FUNCTION,), "length alone", truth_title="length alone (all true labels)")
'''

PROGRAM = """
import numpy as np
from avatar.data.records import Corpus, Function, Pair, Sample, SplitName, Task
from avatar.measure.baselines import evaluate_baselines, titles
from avatar.pipeline.stage_14_report import BASELINE_TITLES

functions = {str(n): Function(str(n), "word " * (9 if n % 2 else 3) + f"w{n}") for n in range(60)}
samples = [Sample(str(n), n % 2) for n in range(60)]
corpus = Corpus("toy", Task.FUNCTION, functions, {SplitName.UNLABELED: samples[:40], SplitName.TEST: samples[40:]})
members, labels = corpus.members(SplitName.UNLABELED), corpus.labels(SplitName.UNLABELED)
scores = evaluate_baselines(corpus, members, labels, seed=1)
assert set(scores) == {"constant", "tfidf", "length"} and scores["length"].accuracy == 1.0
assert set(evaluate_baselines(corpus, members, labels, seed=1, truth=True)) == {"tfidf_truth", "length_truth"}
assert titles()["length"] == BASELINE_TITLES["length"] == "length alone"
assert BASELINE_TITLES["length_truth"] == "length alone (all true labels)"
pairs = [Pair(str(n), str(n + 1), n % 2) for n in range(0, 59)]
corpus = Corpus("toy", Task.PAIR, functions, {SplitName.UNLABELED: pairs[:40], SplitName.TEST: pairs[40:]})
labels = corpus.labels(SplitName.UNLABELED)
assert "length" not in evaluate_baselines(corpus, corpus.members(SplitName.UNLABELED), labels, seed=1)
"""


def test_a_baseline_is_a_file_and_a_line(scratch: Scratch) -> None:
    scratch.write("src/avatar/measure/baselines/length.py", BASELINE)
    listing = "src/avatar/measure/baselines/evaluate.py"
    scratch.add_after(
        listing,
        "from avatar.measure.baselines.constant import CONSTANT",
        "from avatar.measure.baselines.length import LENGTH",
    )
    scratch.add_after(listing, '    "overlap": OVERLAP,', '    "length": LENGTH,')
    assert len(changed(scratch)) == 2 <= MOST
    check_run(scratch, PROGRAM)
