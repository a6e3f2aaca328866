"""The metrics that a data set may be judged by; importing this package fills the registries."""

from avatar.data.metrics import accuracy, f1, mcc, nearest_clones, pairs_of_vectors
from avatar.data.metrics.base import (
    METRICS,
    VECTOR_METRICS,
    Metric,
    Shown,
    VectorMetric,
    judging_metrics,
    shown_metric,
)

__all__ = [
    "METRICS",
    "VECTOR_METRICS",
    "Metric",
    "Shown",
    "VectorMetric",
    "accuracy",
    "f1",
    "judging_metrics",
    "mcc",
    "nearest_clones",
    "pairs_of_vectors",
    "shown_metric",
]
