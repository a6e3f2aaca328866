"""All checks together: from Hydra's composed config to a checked `Config`, with every problem in one error."""

from collections.abc import Sequence

from omegaconf import DictConfig, OmegaConf

from avatar.checks import devices, inputs, registered, tracking_store, writable
from avatar.common.errors import AvatarError
from avatar.config import checks as values
from avatar.config.composition import unknown_key
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
"""Every check of a job, the cheap ones first. A stage that has checks of its own adds them here."""


def problems_of(cfg: Config, checks: Sequence[Check] | None = None) -> list[Problem]:
    """Everything that is wrong with `cfg`, in the order of the checks (all of them, where none are given)."""
    unknown = [unknown_key(key) for key in values.unknown_keys(cfg)]
    problems = [f"{error.message}; {error.hint}" for error in unknown]
    return problems + [problem for check in (CHECKS if checks is None else checks) for problem in check(cfg)]


def typed(composed: DictConfig) -> Config:
    """Hydra's config as the typed one, not checked yet; what is no value of its type is a ConfigError."""
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
    return cfg


def check(cfg: Config) -> None:
    """Raise one ConfigError that lists every problem of `cfg`: for configurations that are made in Python."""
    refuse(problems_of(cfg))


def checked(composed: DictConfig) -> Config:
    """Hydra's config as the typed one; every problem of it comes in one ConfigError."""
    cfg = typed(composed)
    check(cfg)
    return cfg
