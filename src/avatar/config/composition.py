"""Turns errors of Hydra and OmegaConf about a configuration into messages of the same form as our own checks."""

import dataclasses
import re
import shlex
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from avatar.common.errors import ConfigError, did_you_mean
from avatar.config.command_line import pasteable, split, unquoted
from avatar.config.schema import Config, field_type

TYPES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "text",
    "list": "a list, such as [a,b]",
    "dict": "a mapping, such as {name: value}",
    "group": "a group of keys",
}
"""The types of the schema as messages name them."""

WHERE = "--cfg job shows all keys with their values; --help shows the groups"

Chain = Sequence[BaseException]


_REMOVAL = re.compile(r"Config group override deletion value must be a string : .*input_line='(.*)', config_loader")


def composition_error(chain: Chain, conf: Path | None = None) -> ConfigError:
    """The error for an exception and its causes, the outermost first. `conf` is the folder of the YAML files."""
    text = "\n".join(str(link) for link in chain)
    added = _not_added(text, conf)
    if added is not None:
        return added
    for reads in (_ambiguous, _unreadable, _unknown_choice, _wrong_type, _interpolation, _missing_key):
        error = reads(chain, text)
        if error is not None:
            return error
    lines = [next(iter(str(link).strip().splitlines()), "") for link in chain]
    return ConfigError(": ".join(dict.fromkeys(line for line in lines if line)), WHERE)


def removal_error(chain: Chain) -> ConfigError | None:
    """The error for `~GROUP=VALUE` with a number as value, for which Hydra raises a plain ValueError."""
    for link in chain:
        match = _REMOVAL.match(str(link)) if type(link) is ValueError else None
        if match is not None:
            key, _, value = match[1].partition("=")
            message = f"'{key}={value}' removes a choice, and '{value}' is no name of one"
            return ConfigError(message, f"write {key}")
    return None


def unreadable_error(error: BaseException) -> ConfigError | None:
    """The error for an exception that Hydra or OmegaConf raises by mistake while it reads the arguments, else None.

    Such are a ValueError for `LIST.NAME=VALUE`, and a TypeError for `GROUP=[1,2]`.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", ""))
    if module.partition(".")[0] not in ("hydra", "omegaconf"):
        return None
    return ConfigError(f"the arguments cannot be read: {error}", f"debug=true shows where; {WHERE}")


def unknown_key(key: str) -> ConfigError:
    """The error for a key that the schema does not have; the hint lists similar keys."""
    if key.startswith("hydra."):
        return ConfigError(f"Hydra has no key '{key}'", "--cfg hydra shows all of Hydra's keys")
    keys = known_keys()
    group, _, _ = key.rpartition(".")
    siblings = [name for name in keys if name.rpartition(".")[0] == group] if group else []
    inner = _entry_of(group)
    if inner is not None:
        siblings = [f"{group}.{entry.name}" for entry in dataclasses.fields(inner)]
    if not siblings:
        siblings = get_close_matches(key, keys, n=1) or [name for name in keys if "." not in name]
    return ConfigError(f"the configuration has no key '{key}'", did_you_mean(key, siblings))


def known_keys() -> list[str]:
    """Every key of the schema, dotted."""
    keys: list[str] = []
    for part in dataclasses.fields(Config):
        keys.append(part.name)
        if dataclasses.is_dataclass(part.type):
            keys += [f"{part.name}.{entry.name}" for entry in dataclasses.fields(part.type)]
    return keys


def _entry_of(key: str) -> Any | None:
    """The dataclass of an entry of a mapping, such as search_space.genes.heads; None for all other keys."""
    group, _, rest = key.partition(".")
    name, _, entry = rest.partition(".")
    outer = next((part.type for part in dataclasses.fields(Config) if part.name == group), None)
    if not entry or "." in entry or not dataclasses.is_dataclass(outer):
        return None
    inner = next((get_args(part.type) for part in dataclasses.fields(outer) if part.name == name), ())
    return inner[1] if len(inner) == 2 and dataclasses.is_dataclass(inner[1]) else None


def _ambiguous(chain: Chain, text: str) -> ConfigError | None:
    """A value with a comma outside quotes and brackets, without -m."""
    match = re.search(r"Ambiguous value for argument '(.*)'\n1\. ", text, re.DOTALL)
    if match is None:
        return None
    key, _, value = match.group(1).partition("=")
    key, value = key.lstrip("+"), ",".join(unquoted(part) for part in split(value))
    if (field_type(Config, key) or "").startswith("list"):
        ways = [f"for a list write '{key}=[{value}]'", "for a sweep over these values add -m"]
    else:
        ways = [f"for one value quote it: {pasteable(key, value)}", "for a sweep over these values add -m"]
    return ConfigError(f"{key} is '{value}'; a comma separates the values of a sweep", "; ".join(ways))


def _unreadable(chain: Chain, text: str) -> ConfigError | None:
    """An argument that does not have the form key=value."""
    from hydra.errors import OverrideParseException

    for link in chain:
        if isinstance(link, OverrideParseException):
            key, equals, value = str(link.override).partition("=")
            if not equals:
                return ConfigError(f"'{key}' has no value; an argument has the form key=value", f"write {key}=VALUE")
            rule = "a key is names joined by dots, without spaces, directly followed by ="
            return ConfigError(f"'{key}={value}' cannot be read; {rule}", WHERE)
    return None


def _not_added(text: str, conf: Path | None) -> ConfigError | None:
    """`experiment=NAME`: Hydra reads it as a choice of the group, and such a choice needs `+experiment=NAME`."""
    match = re.search(r"Could not override '(\w+)'\. No match in the defaults list\.\n.*use \+\1=(.*)", text)
    if match is None:
        return None
    group, name = match.groups()
    names = options(group, conf)
    message = f"{group} is '{name}'; a choice of conf/{group} is added with a plus"
    if name in names:
        return ConfigError(message, f"write +{group}={name}")
    message = f"{message}: +{group}=NAME; {did_you_mean(name, names)}"
    if group != "experiment":
        return ConfigError(message, "--help shows the groups")
    own = f"tracking.experiment={name}" if name.isidentifier() else pasteable("tracking.experiment", name)
    return ConfigError(message, f"for an MLflow experiment of your own name write {own}")


def options(group: str, conf: Path | None) -> list[str]:
    """The choices of a group: the names of its YAML files."""
    return sorted(path.stem for path in (conf / group).glob("*.yaml")) if conf else []


def _unknown_choice(chain: Chain, text: str) -> ConfigError | None:
    """A choice that a group does not have, such as `teacher=codebret`."""
    match = re.search(r"Could not (?:find|load) '([^']+)'", text) or re.search(r"In '[^']+': (\S+) not found", text)
    if match is None:
        return None
    group, _, choice = match.group(1).rpartition("/")
    listed = re.search(r"Available options in '[^']*':\s*((?:\n?\s*\S+)+?)\n*(?:Config search path|$)", text)
    hint = did_you_mean(choice, listed.group(1).split()) if listed else "the folder conf/ has a file for each choice"
    return ConfigError(f"{group or 'the configuration'} is '{choice}'; there is no such choice", hint)


def _wrong_type(chain: Chain, text: str) -> ConfigError | None:
    """A value that is not of its key's type, such as `seed=abc`."""
    from omegaconf.errors import ConfigTypeError, MissingMandatoryValue, ValidationError

    override = re.search(r"Error merging override \+*([^=\n]+)=(.*)", text)
    for link in chain:
        key = getattr(link, "full_key", None)
        if not isinstance(link, (ConfigTypeError, MissingMandatoryValue, ValidationError)) or not key:
            continue
        if override is not None and override.group(1).startswith(f"{key}."):  # a key below a key that is not a group
            return unknown_key(override.group(1))
        written = field_type(Config, key) or ""
        name, _, optional = written.partition(" | ")
        rule = TYPES.get(name.partition("[")[0])
        if rule is not None:
            value = "missing" if isinstance(link, MissingMandatoryValue) else _shown(getattr(link, "value", None))
            if isinstance(link, ConfigTypeError) and override is not None:  # this exception has no value
                value = f"'{override.group(2)}'"
            rule = f"{rule}, or null" if optional else rule
            return ConfigError(f"{key} is {value}; it must be {rule}", _example(key, name, value.strip("'")))
    return None


def _example(key: str, written: str, value: str) -> str:
    """A correct argument for a key that got a value of the wrong type."""
    if written == "str":
        return f"quote it: {pasteable(key, value)}"
    if written.startswith("list") and value.isidentifier():
        return f"write '{key}=[{value}]'"
    if written == "group":
        return f"its keys: {', '.join(name for name in known_keys() if name.startswith(key + '.'))}"
    return f"for example {shlex.quote(f'{key}={_default(key, written)}')}"


def _default(key: str, written: str) -> str:
    """The default of `key` as Hydra reads it, or an example of its type where the default is null or unknown."""
    value: Any = Config()
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else getattr(value, name, None)
    if isinstance(value, list) and value:
        return f"[{','.join(map(str, value))}]"
    if isinstance(value, (bool, int, float)):
        return str(value).lower()
    return {"int": "1", "float": "1.0", "bool": "true", "list": "[a,b]", "dict": "{}"}[written.partition("[")[0]]


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, (list, tuple)):
        return f"'[{','.join(map(str, value))}]'"
    return f"'{value}'"


def _interpolation(chain: Chain, text: str) -> ConfigError | None:
    """`${name}` that cannot be resolved."""
    from omegaconf.errors import InterpolationResolutionError

    for link in chain:
        key = getattr(link, "full_key", None)
        if isinstance(link, InterpolationResolutionError) and key:
            reason = str(link).splitlines()[0]
            return ConfigError(
                f"{key} contains ${{...}}, a reference to another key; {reason}",
                "name a key of the configuration, or ${oc.env:NAME} for an environment variable",
            )
    return None


def _missing_key(chain: Chain, text: str) -> ConfigError | None:
    """A key that the schema does not have, such as `serach.rounds=2`."""
    match = re.search(r"Could not override '([^']+)'", text)
    if match is None and ("Key '" in text or "is not in struct" in text):
        match = re.search(r"full_key: (\S+)", text)
    if match is None:
        return None
    key = match.group(1)
    inner = re.search(r"Key '[^']+' not in '\w+'\n\s+full_key: (\S+)", text)
    return unknown_key(inner.group(1) if inner and inner.group(1).startswith(f"{key}.") else key)
