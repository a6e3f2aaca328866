"""The declaration of a stage: its inputs, its settings, and how it is built. Its key is made of exactly these."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from avatar.common.hashing import stable_hash
from avatar.config.schema import Config

I = TypeVar("I")  # noqa: E741
S = TypeVar("S")


class Keyed(Protocol):
    """An input from an earlier stage. Its key changes with every part of its content."""

    @property
    def key(self) -> str:
        """Hexadecimal digest."""
        ...


@dataclass(frozen=True)
class ConfigSource:
    """How a field of a stage's settings is read from the config.

    `paths` are dotted keys, or groups of keys except those in `without`. `via` computes the field from their values;
    without it, there is exactly one path. `why` is the reason why the field is not in the stage's key; empty if it is.
    """

    paths: tuple[str, ...]
    via: Callable[..., Any] | None = None
    without: tuple[str, ...] = ()
    why: str = ""

    def value(self, cfg: Config) -> Any:
        """The field's value. Settings in `without` have their defaults, so that no stage can read them."""
        values = [_at(cfg, path) for path in self.paths]
        if self.without:
            default = type(values[0])()
            values = [dataclasses.replace(values[0], **{name: getattr(default, name) for name in self.without})]
        if self.via is not None:
            return self.via(*values)
        (only,) = values
        return only

    def keys(self, cfg: Config) -> Iterator[str]:
        """The dotted keys that it reads, with groups split into single keys."""
        for path in self.paths:
            part = _at(cfg, path)
            if not dataclasses.is_dataclass(part):
                yield path
                continue
            for entry in dataclasses.fields(part):
                if entry.name not in self.without:
                    yield f"{path}.{entry.name}"


def setting(*paths: str, via: Callable[..., Any] | None = None, without: Sequence[str] = ()) -> Any:
    """A field of a stage's settings that is in the key. It is read from `paths` of the config, through `via`."""
    return dataclasses.field(metadata={"reading": ConfigSource(paths, via, tuple(without))})


def unkeyed(*paths: str, why: str, via: Callable[..., Any] | None = None, without: Sequence[str] = ()) -> Any:
    """A field of a stage's settings that is not in the key; `why` is the reason."""
    return dataclasses.field(metadata={"reading": ConfigSource(paths, via, tuple(without), why)})


def label() -> Any:
    """A field of a stage's inputs that is only displayed, and is not in the key."""
    return dataclasses.field(default="", metadata={"label": True})


@dataclass(frozen=True)
class Stage(Generic[I, S]):
    """A step of the job whose result is an artifact.

    `build(inputs, settings, folder)` writes its files into `folder` and returns the values of the manifest. `folder`
    may hold files of a killed run. `build` is a function of a module, so that it reads nothing but its arguments.
    `inputs` and `settings` are dataclasses. Fields of `inputs` are `Keyed`, plain values, or tuples of these; fields of
    `settings` are declared by `setting` and `unkeyed`. `revision` is raised by hand when the output of the same inputs
    changes. `timed` means that the values depend on measured times: later stages then have their digest in the key.
    """

    name: str
    revision: int
    title: str
    inputs: type[I]
    settings: type[S]
    build: Callable[[I, S, Path], Mapping[str, Any]]
    timed: bool = False

    def __post_init__(self) -> None:
        if getattr(self.build, "__closure__", None) or "<" in self.build.__qualname__:
            raise TypeError(f"the stage {self.name} must be built by a module's function, not by a closure or a lambda")
        undeclared = [name for name, reading in self._declared() if reading is None]
        if undeclared:
            names = ", ".join(undeclared)
            raise TypeError(f"the stage {self.name} has settings without setting() or unkeyed(): {names}")

    def _declared(self) -> Iterator[tuple[str, ConfigSource | None]]:
        for entry in dataclasses.fields(self.settings):  # type: ignore[arg-type]
            yield entry.name, entry.metadata.get("reading")

    @property
    def readings(self) -> dict[str, ConfigSource]:
        """By name of a field of the settings: how it is read."""
        return {name: reading for name, reading in self._declared() if reading is not None}

    def read(self, cfg: Config) -> S:
        """The stage's settings, without the rest of the config."""
        return self.settings(**{name: reading.value(cfg) for name, reading in self.readings.items()})

    def keyed_settings(self, settings: S) -> dict[str, Any]:
        """The settings that the key is made of, as plain data."""
        return {name: plain(getattr(settings, name)) for name, reading in self.readings.items() if not reading.why}

    def keyed_inputs(self, inputs: I) -> dict[str, Any]:
        """The inputs that the key is made of: keys of earlier results, and plain values."""
        return {
            entry.name: _key_of(getattr(inputs, entry.name))
            for entry in dataclasses.fields(inputs)  # type: ignore[arg-type]
            if "label" not in entry.metadata
        }

    def key(self, inputs: I, settings: S) -> str:
        """The artifact's key: a digest of name, revision, inputs and settings."""
        return stable_hash(
            {
                "stage": self.name,
                "revision": self.revision,
                "inputs": self.keyed_inputs(inputs),
                "settings": self.keyed_settings(settings),
            }
        )


def plain(value: Any) -> Any:
    """Nested dataclasses, enums, and numpy scalars and arrays as plain JSON data."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, Enum):
        return value.value
    return value.tolist() if hasattr(value, "tolist") else value


def _key_of(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_key_of(entry) for entry in value]
    key = getattr(value, "key", None)
    return key if isinstance(key, str) else plain(value)


def _at(cfg: Config, path: str) -> Any:
    part: Any = cfg
    for name in path.split("."):
        part = getattr(part, name)
    return part
