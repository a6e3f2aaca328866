"""The metrics that a data set may be judged by; importing this package fills the registry."""

from avatar.data.metrics import accuracy, f1, mcc
from avatar.data.metrics.base import METRICS, Metric

__all__ = ["METRICS", "Metric", "accuracy", "f1", "mcc"]
