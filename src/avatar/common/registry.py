"""Plug-ins by name: one `Registry` for each kind (dataset readers, surrogates, searchers, ...)."""

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from avatar.common.errors import ConfigError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """A table from names to plug-ins of one kind.

    `kind` is the noun that error messages use, such as "surrogate".
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that files its object under `name`. A name taken by another object is a ConfigError."""

        def add(entry: T) -> T:
            if self._entries.setdefault(name, entry) is not entry:
                raise ConfigError(f"the {self.kind} '{name}' is registered twice", "choose another name")
            return entry

        return add

    def get(self, name: str) -> T:
        """The plug-in filed under `name`; an unknown name is a ConfigError with the nearest known one."""
        if name not in self._entries:
            raise ConfigError(f"no {self.kind} is called '{name}'", did_you_mean(name, self._entries))
        return self._entries[name]

    def names(self) -> list[str]:
        """All registered names, sorted."""
        return sorted(self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())
