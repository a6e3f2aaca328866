"""Avatar: language models of code, distilled to at most 3 MB.

What this module exports is the public API: it changes only with a line in CHANGELOG.md, and after a warning in one
release. Everything else may change at any time. None of it needs PyTorch.

    Student      a trained student: `from_pretrained`, `predict`, `push_to_hub`
    Bundle       the shipped folder of one: its files and its config; `read_bundle` checks every file
    AvatarError  the base of all errors that say what to do; ConfigError, DataError and ArtifactError are its kinds
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from avatar.common.errors import ArtifactError, AvatarError, ConfigError, DataError

if TYPE_CHECKING:
    from avatar.bundle import Bundle, read_bundle
    from avatar.serve import Student

    __version__: str

__all__ = ["ArtifactError", "AvatarError", "Bundle", "ConfigError", "DataError", "Student", "read_bundle"]

_WHERE = {"Bundle": "avatar.bundle", "read_bundle": "avatar.bundle", "Student": "avatar.serve"}
"""What takes time to import is imported when somebody asks for it."""


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("avatar-code")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
