"""Runs a bundle without torch: the predictor, its runtimes, the hub and the command line."""

from typing import TYPE_CHECKING, Any

from avatar.serve.predictor import Predictor

if TYPE_CHECKING:
    from avatar.serve.hub import Student

__all__ = ["Predictor", "Student"]


def __getattr__(name: str) -> Any:
    if name == "Student":  # only who asks for it waits for huggingface_hub
        from avatar.serve.hub import Student

        return Student
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
