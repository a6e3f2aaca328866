"""One answer for every example."""

import numpy as np

from avatar.data.metrics import METRICS
from avatar.data.records import Task
from avatar.measure.baselines.base import Baseline, BaselineTask, Labels


def predict(job: BaselineTask) -> Labels:
    """The more frequent training label; on a tie 1, and always 1 where the metric rewards that (F1)."""
    frequent = job.labels.mean() >= 0.5
    return np.full(len(job.test), int(frequent or METRICS.get(job.metric).rewards_ones), dtype=np.int64)


CONSTANT = Baseline(predict, tuple(Task), "constant")
