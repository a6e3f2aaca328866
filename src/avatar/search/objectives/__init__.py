"""What is traded off: one file an objective; a file that is put here is found by itself."""

import importlib
import pkgutil

from avatar.search.objectives.base import (
    OBJECTIVES,
    MeasuredObjective,
    Objective,
    SearchContext,
    TrainedCandidate,
    evaluate,
    measured_names,
    minimised,
)

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "OBJECTIVES",
    "MeasuredObjective",
    "Objective",
    "SearchContext",
    "TrainedCandidate",
    "evaluate",
    "measured_names",
    "minimised",
]
