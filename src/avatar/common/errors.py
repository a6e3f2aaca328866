"""Errors for users: what is wrong, the rule, the fix, what is available."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class AvatarError(Exception):
    """Base of every error that a user sees as one message without a traceback.

    `hint` says how to correct it. `exit_status` is 2 if the user can correct it, else 1.
    """

    exit_status = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[type["AvatarError"], tuple[str, str]]:
        return type(self), (self.message, self.hint)  # joblib pickles errors to send them between processes


class ConfigError(AvatarError):
    """The configuration is wrong: a key, a choice, a value, or a combination of values.

    `problems` are the lines of a message that lists several problems, each of the form "key is 'value'; rule; fix".
    """

    exit_status = 2

    def __init__(self, message: str, hint: str = "", problems: Sequence[str] = ()) -> None:
        super().__init__(message, hint)
        self.problems = tuple(problems)

    def __reduce__(self) -> tuple[type["ConfigError"], tuple[str, str, tuple[str, ...]]]:  # type: ignore[override]
        return type(self), (self.message, self.hint, self.problems)


class DataError(AvatarError):
    """Input data is missing or malformed; the message names the file and, where there is one, the line."""

    exit_status = 2


class ArtifactError(AvatarError):
    """A stored artifact or bundle is unreadable, altered, or cannot be written."""

    exit_status = 2


class OutputError(AvatarError):
    """Standard output cannot be written: it is closed, or its device is full."""

    exit_status = 2


class ReaderLeftError(OutputError):
    """The reader of the output closed it before its end, as `head` does. No message is printed."""

    exit_status = 141
    """128 + SIGPIPE: the exit status that a shell shows for a program that this signal ended."""


class DivergedError(AvatarError):
    """A training ended with weights that are not finite."""


def did_you_mean(name: str, available: Iterable[str]) -> str:
    """A hint that lists all of `available`, and names the most similar one if it is similar enough."""
    names = sorted(set(available))
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if not close:
        close = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    listed = "available: " + (", ".join(names) if names else "none")
    return f"did you mean '{close[0]}'? {listed}" if close else listed
