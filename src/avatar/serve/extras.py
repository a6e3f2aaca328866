"""Optional parts of the installation."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from avatar.common.errors import ConfigError

ONNX = "onnx"
"""The extra with the packages that run a student with graphs. The student that is installed with avatar needs none."""
HUB = "hub"
"""The extra with the package that reads and writes students of the Hugging Face hub."""


@contextmanager
def needs_extra(name: str) -> Iterator[None]:
    """Turn a missing package into a ConfigError that names the extra to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise _missing(error.name, name) from error


def require_packages_for_graphs() -> None:
    """A ConfigError if a package that runs a student with graphs is not installed. Nothing is imported."""
    for package in ("onnxruntime", "tokenizers"):
        if find_spec(package) is None:
            raise _missing(package, ONNX)


def _missing(package: str | None, extra: str) -> ConfigError:
    reasons = {
        ONNX: "; it runs students that train.py made",
        HUB: "; it reads and writes students of the Hugging Face hub",
    }
    return ConfigError(
        f"the package {package} is not installed{reasons.get(extra, '')}", f"pip install 'avatar-code[{extra}]'"
    )
