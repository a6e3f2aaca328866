"""Checks of the configuration: their types, and helpers for common rules. A problem is "key is 'value'; rule; fix"."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from avatar.common.errors import AvatarError, ConfigError, did_you_mean

if TYPE_CHECKING:
    from avatar.config.schema import Config

Problem = str
"""One line for the user: "key is 'value'; the rule; the fix"."""

Check = Callable[["Config"], Iterator[Problem]]
"""Reads a whole configuration and yields its problems; it changes and writes nothing."""


def between(key: str, value: float, low: float, high: float, open_low: bool = False) -> Iterator[Problem]:
    """A problem for a number outside [low, high]; with `open_low`, `low` is not allowed either."""
    if not low <= value <= high or (open_low and value == low):
        rule = f"above {low} and at most {high}" if open_low else f"between {low} and {high}"
        yield f"{key} is {value}; it must be {rule}"


def at_least(key: str, value: float | None, low: float) -> Iterator[Problem]:
    """A problem for a number below `low`; None is allowed."""
    if value is not None and not value >= low:
        yield f"{key} is {value}; it must be at least {low}"


def positive(key: str, value: float | None) -> Iterator[Problem]:
    """A problem for a number that is not above 0; None is allowed."""
    if value is not None and not value > 0:
        yield f"{key} is {value}; it must be above 0"


def one_of(key: str, value: str, names: Iterable[str]) -> Iterator[Problem]:
    """A problem for a name that is not in `names`."""
    known = sorted(names)
    if value not in known:
        yield f"{key} is '{value}'; {did_you_mean(value, known)}"


def refused(call: Callable[[], object], key: str = "") -> Iterator[Problem]:
    """The problems of the error that `call` raises: those that it lists, or its message in one line, after `key`."""
    try:
        call()
    except AvatarError as error:
        problems = error.problems if isinstance(error, ConfigError) else ()
        line = "; ".join(part for part in (error.message, error.hint) if part)
        yield from problems or (f"{key}: {line}" if key else line,)


def refuse(problems: Sequence[Problem]) -> None:
    """Raise one ConfigError that lists all of `problems`, each once; return where there is none."""
    distinct = tuple(dict.fromkeys(problems))
    if distinct:
        raise ConfigError(
            "the configuration has "
            + ("a problem" if len(distinct) == 1 else f"{len(distinct)} problems")
            + "".join(f"\n  - {problem}" for problem in distinct),
            "change the values on the command line (key=value) or in conf/; --cfg job shows all of them",
            distinct,
        )


def nearest_folder(path: Path) -> Path:
    """The lowest existing path among `path` and the folders above it."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
