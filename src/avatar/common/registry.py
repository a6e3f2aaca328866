"""Plug-ins by name: one `Registry` for each kind (dataset readers, surrogates, searchers, ...)."""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Generic, TypeVar

from avatar.common.errors import ConfigError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """A table from names to plug-ins of one kind.

    `kind` is the noun that error messages use, such as "surrogate". `lazy` names plug-ins by "module:attribute":
    their modules are imported when they are needed, so that the names are known without importing large libraries.
    """

    def __init__(self, kind: str, lazy: Mapping[str, str] | None = None) -> None:
        self.kind = kind
        self._lazy = dict(lazy or {})
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that registers its object under `name`. Raises ConfigError if another object has this name."""

        def add(entry: T) -> T:
            if name in self._lazy or self._entries.setdefault(name, entry) is not entry:
                raise ConfigError(f"the {self.kind} '{name}' is registered twice", "choose another name")
            return entry

        return add

    def get(self, name: str) -> T:
        """The plug-in of this name. Raises ConfigError for an unknown name, with the most similar known one."""
        if name not in self._entries and name in self._lazy:
            module, _, attribute = self._lazy[name].partition(":")
            self._entries[name] = getattr(import_module(module), attribute)
        if name not in self._entries:
            raise ConfigError(f"no {self.kind} is called '{name}'", did_you_mean(name, self.names()))
        return self._entries[name]

    def names(self) -> list[str]:
        """All registered names, sorted."""
        return sorted({*self._lazy, *self._entries})

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())
