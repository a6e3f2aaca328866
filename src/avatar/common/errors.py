"""Errors written for the reader: what was found, the rule, the fix, what is available."""

from collections.abc import Iterable
from difflib import get_close_matches


class AvatarError(Exception):
    """Base of every error that a user sees as one message without a traceback.

    `hint` says how to mend it. `exit_status` is 2 for what the user can mend, 1 for the rest.
    """

    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[type["AvatarError"], tuple[str, str]]:
        return type(self), (self.message, self.hint)  # joblib sends errors between processes


class ConfigError(AvatarError):
    """The configuration is wrong: a key, a choice, a value, or two that do not go together."""

    exit_status = 2


class DataError(AvatarError):
    """Input data is missing or malformed; the message names the file and, where there is one, the line."""

    exit_status = 2


class ArtifactError(AvatarError):
    """A stored artifact or bundle is unreadable, altered, or cannot be written."""

    exit_status = 2


class OutputError(AvatarError):
    """Standard output takes nothing: it is closed, or its device is full."""

    exit_status = 2


class ReaderLeftError(OutputError):
    """Whoever read the output left before its end, as `head` does. Nobody is there to be told."""

    exit_status = 141
    """128 + SIGPIPE: what a shell gives for a program that the signal ended."""


class DivergedError(AvatarError):
    """A training ended with weights that are not finite."""


def did_you_mean(found: str, available: Iterable[str]) -> str:
    """A hint that names the closest of `available`, or all of them where none is close."""
    names = sorted(set(available))
    close = get_close_matches(found, names, n=1, cutoff=0.6)
    if not close:
        close = get_close_matches(found.lower(), names, n=1, cutoff=0.5)
    listed = "available: " + (", ".join(names) if names else "none")
    return f"did you mean '{close[0]}'? {listed}" if close else listed
