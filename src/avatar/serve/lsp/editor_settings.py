"""The settings that an editor may send, and their checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from avatar.code.languages import LANGUAGES
from avatar.common.errors import ConfigError, did_you_mean
from avatar.serve.scan.clone_rules import MIN_LINES

SECTION = "avatar"
"""Name of the settings' section in an editor."""


@dataclass(frozen=True)
class EditorSettings:
    """Settings of the editor server. In an editor, names are in camelCase, such as `minLines`.

    The default `threshold` is the student's; empty `languages` means all. `min_lines`, `min_words`, `simple` and
    `tests` are the rules of `CloneRules`; the default `min_words` is that of the task. After a change of a text, the
    server waits `debounce_ms` for the next change. `parse_seconds` is the CPU time for parsing one file, by default
    that of `Outliner`.
    """

    threshold: float | None = None
    languages: tuple[str, ...] = field(default=())
    min_lines: int = MIN_LINES
    min_words: int | None = None
    simple: bool = False
    tests: bool = False
    debounce_ms: int = 30
    parse_seconds: float | None = None


DEFAULTS = EditorSettings()


def read_settings(given: Any, base: EditorSettings = DEFAULTS) -> EditorSettings:
    """`base` with the settings that an editor sent; one ConfigError lists all problems.

    Some editors send nothing, or the settings of other programs: then the result is `base`.
    """
    if given is None:
        return base
    if not isinstance(given, Mapping):
        raise ConfigError(f"the settings are {given!r}, not an object", 'for example {"threshold": 0.95}')
    section: Mapping[str, Any] = given
    if SECTION in given:
        section = given[SECTION] if isinstance(given[SECTION], Mapping) else {}
    elif given and all(isinstance(value, Mapping) for value in given.values()):
        return base
    names = {_camel(one.name): one.name for one in fields(EditorSettings)}
    values: dict[str, Any] = {}
    wrong = []
    for key, value in section.items():
        if key not in names:
            wrong.append(f"there is no setting {key!r} ({did_you_mean(str(key), names)})")
        elif value is not None:
            if problem := _problem(key, value):
                wrong.append(f"{key} is {value!r}: {problem}")
            values[names[key]] = tuple(value) if isinstance(value, list) else value
    if wrong:
        raise ConfigError("; ".join(wrong), f"correct the settings '{SECTION}' of the editor")
    return replace(base, **values)


def _problem(key: str, value: object) -> str:
    if key == "threshold":
        good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
        return "" if good else "give a probability from 0 to 1"
    if key == "parseSeconds":
        good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 60
        return "" if good else "give a number of seconds above 0 and at most 60"
    if key in ("simple", "tests"):
        return "" if isinstance(value, bool) else "give true or false"
    if key == "languages":
        good = isinstance(value, list) and all(one in LANGUAGES.names() for one in value)
        return "" if good else f"give a list of {', '.join(LANGUAGES.names())}"
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 60_000
    return "" if good else "give a whole number from 0 to 60000"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
