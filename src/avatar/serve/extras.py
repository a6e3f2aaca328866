"""Optional parts of the installation."""

from collections.abc import Iterator
from contextlib import contextmanager

from avatar.common.errors import ConfigError


@contextmanager
def needs_extra(name: str) -> Iterator[None]:
    """Turn a missing package into a ConfigError that names the extra to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(f"the package {error.name} is not installed", f"pip install 'avatar-code[{name}]'") from error
