"""All checks together: Hydra's composed config becomes a checked `Config`. One error lists every problem."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

from omegaconf import DictConfig, OmegaConf

from avatar.checks import devices, inputs, registered, tracking_store, writable
from avatar.common.errors import AvatarError
from avatar.config import checks as values
from avatar.config.composition import TYPES, unknown_key
from avatar.config.problems import Check, Problem, refuse
from avatar.config.schema import Config

CHECKS: list[Check] = [
    *values.CHECKS,
    *registered.CHECKS,
    *inputs.CHECKS,
    *writable.CHECKS,
    *tracking_store.CHECKS,
    *devices.CHECKS,
]
"""Every check of a job, the fast ones first. Checks of a stage are added here."""


def problems_of(cfg: Config, checks: Sequence[Check] | None = None) -> list[Problem]:
    """The problems of `cfg`, in the order of `checks` (None: all checks)."""
    unknown = [unknown_key(key) for key in values.unknown_keys(cfg)]
    problems = [f"{error.message}; {error.hint}" for error in unknown]
    return problems + [problem for check in (CHECKS if checks is None else checks) for problem in check(cfg)]


def typed(composed: DictConfig) -> Config:
    """Hydra's config as a `Config`, not checked yet. A value of the wrong type is a ConfigError."""
    try:
        cfg = OmegaConf.to_object(composed)
    except Exception as error:
        link: BaseException | None = error
        while link is not None:
            if isinstance(link, AvatarError):
                raise link from None
            link = link.__cause__ or link.__context__
        raise
    assert isinstance(cfg, Config)
    refuse(list(_wrong_types("", cfg, Config)))
    return cfg


_PLAIN: dict[type, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float)}
"""By declared type, what the values of a mapping may be: OmegaConf lets a mapping in a mapping pass."""


def _wrong_types(key: str, value: Any, declared: Any) -> Iterator[Problem]:
    """Problems for lists, mappings and groups that `${...}` has replaced by something else: OmegaConf lets it pass."""
    kind = get_origin(declared) or declared
    if kind is UnionType:
        kinds = [get_origin(one) or one for one in get_args(declared)]
        if not {list, dict} & {*kinds} or isinstance(value, tuple(kinds)):
            return
        kind = list if list in kinds else dict
    if kind not in (list, dict) and not is_dataclass(kind):
        return
    if not isinstance(value, kind):
        name = "group" if is_dataclass(kind) else kind.__name__
        yield f"{key} is {str(value)[:100]!r}; it must be {TYPES[name]}"
    elif is_dataclass(kind):
        hints = get_type_hints(kind)
        for part in fields(kind):
            yield from _wrong_types(f"{key}.{part.name}".lstrip("."), getattr(value, part.name), hints[part.name])
    elif kind is dict and (element := get_args(declared)[-1]) in _PLAIN:
        for name, entry in value.items():
            if not isinstance(entry, _PLAIN[element]) or isinstance(entry, bool):
                yield f"{key}.{name} is {str(entry)[:100]!r}; it must be {TYPES[element.__name__]}"


def check(cfg: Config) -> None:
    """Raise one ConfigError that lists every problem of `cfg`. For configurations that are made in Python."""
    refuse(problems_of(cfg))


def checked(composed: DictConfig) -> Config:
    """Hydra's config as a `Config`; one ConfigError lists all of its problems."""
    cfg = typed(composed)
    check(cfg)
    return cfg
