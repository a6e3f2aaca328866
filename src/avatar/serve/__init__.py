"""Runs a bundle without torch: the predictor, its runtimes, the hub and the command line."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from avatar.serve.hub import Student
    from avatar.serve.predictor import Predictor

__all__ = ["Predictor", "Student"]


def __getattr__(name: str) -> Any:
    if name == "Predictor":  # lazy: the command line sets numpy's number of threads before numpy is imported
        from avatar.serve.predictor import Predictor

        return Predictor
    if name == "Student":  # lazy, for the same reason
        from avatar.serve.hub import Student

        return Student
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
