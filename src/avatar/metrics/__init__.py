"""The scores of models; importing this package fills the registries. It needs numpy only."""

from avatar.metrics import accuracy, calibration, f1, fixes, mcc, nearest_clones, pairs_of_vectors, ranking
from avatar.metrics.base import (
    FIX_METRICS,
    METRICS,
    PROBABILITY_METRICS,
    VECTOR_METRICS,
    FixMetric,
    Metric,
    ProbabilityMetric,
    Shown,
    VectorMetric,
    fix_scores,
    judging_metrics,
    probability_scores,
    shown_metric,
    shown_metrics,
)

__all__ = [
    "FIX_METRICS",
    "METRICS",
    "PROBABILITY_METRICS",
    "VECTOR_METRICS",
    "FixMetric",
    "Metric",
    "ProbabilityMetric",
    "Shown",
    "VectorMetric",
    "accuracy",
    "calibration",
    "f1",
    "fix_scores",
    "fixes",
    "judging_metrics",
    "mcc",
    "nearest_clones",
    "pairs_of_vectors",
    "probability_scores",
    "ranking",
    "shown_metric",
    "shown_metrics",
]
