"""Quotes values of the command line, such as `dataset.root=~/my data (2)`, so that Hydra can read them."""

import shlex
from collections.abc import Iterator, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException

from avatar.common.errors import ConfigError
from avatar.common.paths import user_path
from avatar.config.schema import Config, field_type

OPEN, CLOSE = "([{", ")]}"
MOST_BRACKETS = 20
"""Deepest nesting of brackets in a value. Hydra's parser ends in a RecursionError at some hundreds; we need two."""

PLAN = (
    "plan=true",
    "hydra.run.dir=.",
    "hydra.output_subdir=null",
    "~hydra.job_logging.handlers.file",
    "hydra.job_logging.root.handlers=[console]",
)
"""The arguments that replace `--plan`. A plan writes nothing: no log and no folder."""


def readable(arguments: Sequence[str]) -> list[str]:
    """`arguments`, with quotes around values that Hydra cannot read, or would not read as text where text is needed.

    Hydra needs quotes around a value with `~`, letters outside ASCII, `=`, brackets or quotes. A comma still separates
    the values of a sweep; lists, mappings, quotes and interpolations keep their meaning too. An entry of a mapping,
    such as `dataset.files.train=x.csv`, may be new or not: it gets `++`, because Hydra alone needs `+` for a new one.
    `--plan` is replaced by the arguments `PLAN`.
    """
    return [argument for text in arguments for argument in (PLAN if text == "--plan" else [_readable(text)])]


def quoted(text: str) -> str:
    """`text` in the quotes of Hydra's grammar."""
    return QuotedString(text, Quote.single if '"' in text else Quote.double).with_quotes()


def unquoted(text: str) -> str:
    """`text` without quotes around it."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def pasteable(key: str, value: str) -> str:
    """An argument to paste into a shell: Hydra then reads exactly this value."""
    return shlex.quote(f"{key}={quoted(value)}")


def _readable(text: str) -> str:
    key, equals, value = text.partition("=")
    if text.startswith("-") or not equals:
        return text
    if not key.strip("+~ "):
        raise ConfigError(f"'{text}' has no key; an argument has the form key=value", "--cfg job shows all keys")
    if not value:
        return text
    if value.strip()[:1] not in "'\"" and _depth(value) > MOST_BRACKETS:
        raise ConfigError(
            f"the value of {key[:200]} has more than {MOST_BRACKETS} brackets in each other",
            f"if it is a text, put it in quotes, for example {pasteable('teacher.note', '((text))')}",
        )
    if not _parses("key=" + value):
        value = _with_quotes(value)
    elif _changes_type(key, value):
        value = quoted(value)
    if key.startswith(("hydra.run.dir", "hydra.sweep.dir")):  # Hydra makes these folders before our code runs
        value = _expand_home(value)
    mapping, entry = _in_mapping(key.lstrip("+"))
    if mapping is None:
        return f"{key}={value}"
    if entry and field_type(Config, f"{mapping}.{entry[0]}") == "group" and not _is_sweep(value):
        for name in reversed(entry):  # Hydra cannot add a group to a mapping, but it can merge a mapping that has one
            value = f"{{{name}: {value}}}"
        return f"++{mapping}={value}"
    return f"++{'.'.join((mapping, *entry))}={value}"


def _depth(text: str) -> int:
    """The deepest nesting of brackets, closed or not."""
    depth = deepest = 0
    for letter in text:
        depth += (letter in OPEN) - (letter in CLOSE)
        deepest = max(deepest, depth)
    return deepest


def _parses(text: str) -> bool:
    try:
        OverridesParser.create().parse_override(text)
    except (HydraException, ValueError, RecursionError):  # a number of 5,000 digits, or 300 brackets
        return False
    return True


def _with_quotes(value: str) -> str:
    """`value` with quotes around what Hydra cannot read: items of lists, mappings and sweeps, or all of it."""
    stripped = value.strip()
    if _parses(f"key={stripped}"):
        return stripped
    if stripped[:1] == "[" and stripped[-1:] == "]":
        return f"[{','.join(map(_with_quotes, split(stripped[1:-1])))}]"
    if stripped[:1] == "{" and stripped[-1:] == "}":
        pairs = [entry.partition(":") for entry in split(stripped[1:-1])]
        if all(colon for _, colon, _ in pairs):
            return "{" + ",".join(f"{name.strip()}: {_with_quotes(entry)}" for name, _, entry in pairs) + "}"
    items = list(split(stripped))
    return ",".join(map(_with_quotes, items)) if len(items) > 1 else quoted(stripped)


def split(text: str) -> Iterator[str]:
    """The parts of `text` between commas. Commas inside brackets or quotes do not count."""
    depth, quote, part = 0, "", ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"" and not part.strip():
            quote = letter
        elif letter in OPEN:
            depth += 1
        elif letter in CLOSE:
            depth -= 1
        if letter == "," and depth <= 0 and not quote:
            yield part
            part = ""
        else:
            part += letter
    if part.strip():
        yield part


def _changes_type(key: str, value: str) -> bool:
    """Whether `key` needs text or the name of a choice, and Hydra would read another type: 007 would become 7."""
    expected = field_type(Config, key.lstrip("+").partition("@")[0])
    if expected not in ("str", "str | None", "group"):
        return False
    override = OverridesParser.create().parse_override(f"key={value}")
    parsed = None if override.is_sweep_override() else override.value()
    if parsed is None and not override.is_sweep_override():
        return expected != "str | None"
    return isinstance(parsed, (bool, int, float))


def _in_mapping(key: str) -> tuple[str | None, list[str]]:
    """The mapping of the schema that `key` is or belongs to, and the names below it. Those names are checked later."""
    names = key.split(".")
    for count in range(1, len(names) + 1):
        prefix = ".".join(names[:count])
        if (field_type(Config, prefix) or "").startswith("dict["):
            return prefix, names[count:]
    return None, []


def _is_sweep(value: str) -> bool:
    return bool(OverridesParser.create().parse_override(f"key={value}").is_sweep_override())


def _expand_home(value: str) -> str:
    path = unquoted(value)
    return quoted(str(user_path(path))) if path.startswith("~") else value
