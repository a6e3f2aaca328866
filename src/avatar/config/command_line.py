"""Values as people write them on the command line, `dataset.root=~/my data (2)`, in the grammar that Hydra reads."""

import shlex
from collections.abc import Iterator, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException

from avatar.common.errors import ConfigError
from avatar.common.paths import user_path
from avatar.config.schema import Config, field_type

OPEN, CLOSE = "([{", ")]}"

PLAN = (
    "plan=true",
    "hydra.run.dir=.",
    "hydra.output_subdir=null",
    "~hydra.job_logging.handlers.file",
    "hydra.job_logging.root.handlers=[console]",
)
"""What `--plan` stands for: a plan writes nothing, no log and no folder either."""


def readable(arguments: Sequence[str]) -> list[str]:
    """`arguments` with every value quoted that Hydra could not read, or would not take as the text that its key wants.

    Hydra reads neither `~` nor letters beyond English nor `=`, brackets and quotes without quotes around the value. A
    comma keeps its meaning (the values of a sweep), and so do lists, mappings, quotes and interpolations. Entries of
    mappings, such as `dataset.files.train=x.csv`, are added or changed, whichever it takes: Hydra wants `+` or nothing.
    `--plan` becomes what it stands for.
    """
    return [other for text in arguments for other in (PLAN if text == "--plan" else [_readable(text)])]


def quoted(text: str) -> str:
    """`text` in the quotes of Hydra's grammar."""
    return QuotedString(text, Quote.single if '"' in text else Quote.double).with_quotes()


def unquoted(text: str) -> str:
    """`text` without quotes around it."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def pasteable(key: str, value: str) -> str:
    """An argument that a shell and Hydra together read as exactly this value."""
    return shlex.quote(f"{key}={quoted(value)}")


def _readable(text: str) -> str:
    key, equals, value = text.partition("=")
    if text.startswith("-") or not equals:
        return text
    if not key.strip("+~ "):
        raise ConfigError(f"'{text}' has no key; an argument reads key=value", "--cfg job shows all keys")
    if not value:
        return text
    if not _parses("key=" + value):
        value = _mended(value)
    elif _loses_its_text(key, value):
        value = quoted(value)
    if key.startswith(("hydra.run.dir", "hydra.sweep.dir")):  # Hydra makes these folders before anything else runs
        value = _at_home(value)
    mapping, entry = _in_mapping(key.lstrip("+"))
    if mapping is None:
        return f"{key}={value}"
    if entry and field_type(Config, f"{mapping}.{entry[0]}") == "group" and not _is_sweep(value):
        for name in reversed(entry):  # Hydra adds no group to a mapping, but it merges a mapping that has one
            value = f"{{{name}: {value}}}"
        return f"++{mapping}={value}"
    return f"++{'.'.join((mapping, *entry))}={value}"


def _parses(text: str) -> bool:
    try:
        OverridesParser.create().parse_override(text)
    except HydraException:
        return False
    return True


def _mended(value: str) -> str:
    """`value` with quotes around what the grammar cannot read: items of lists, mappings and sweeps, or all of it."""
    inside = value.strip()
    if _parses(f"key={inside}"):
        return inside
    if inside[:1] == "[" and inside[-1:] == "]":
        return f"[{','.join(map(_mended, split(inside[1:-1])))}]"
    if inside[:1] == "{" and inside[-1:] == "}":
        pairs = [entry.partition(":") for entry in split(inside[1:-1])]
        if all(colon for _, colon, _ in pairs):
            return "{" + ",".join(f"{name.strip()}: {_mended(entry)}" for name, _, entry in pairs) + "}"
    items = list(split(inside))
    return ",".join(map(_mended, items)) if len(items) > 1 else quoted(inside)


def split(text: str) -> Iterator[str]:
    """The parts of `text` between commas that stand outside brackets and quotes."""
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


def _loses_its_text(key: str, value: str) -> bool:
    """Whether the schema wants a text or a choice for `key`, and the grammar reads something else: 7 for 007."""
    wanted = field_type(Config, key.lstrip("+").partition("@")[0])
    if wanted not in ("str", "str | None", "group"):
        return False
    override = OverridesParser.create().parse_override(f"key={value}")
    read = None if override.is_sweep_override() else override.value()
    if read is None and not override.is_sweep_override():
        return wanted != "str | None"
    return isinstance(read, (bool, int, float))


def _in_mapping(key: str) -> tuple[str | None, list[str]]:
    """The mapping of the schema that `key` is or lies in, and the names below it; their names are checked later."""
    names = key.split(".")
    for count in range(1, len(names) + 1):
        prefix = ".".join(names[:count])
        if (field_type(Config, prefix) or "").startswith("dict["):
            return prefix, names[count:]
    return None, []


def _is_sweep(value: str) -> bool:
    return bool(OverridesParser.create().parse_override(f"key={value}").is_sweep_override())


def _at_home(value: str) -> str:
    bare = unquoted(value)
    return quoted(str(user_path(bare))) if bare.startswith("~") else value
