"""The objectives of a search, one file each. Every file in this folder is imported automatically."""

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
