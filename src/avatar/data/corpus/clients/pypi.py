"""PyPI, with pip. Only pure Python wheels: for an sdist, pip would run the package's own build code."""

import sys
from pathlib import Path

from avatar.data.corpus.clients.base import CLIENTS, call, only_file


class Pypi:
    """Downloads wheels for any platform. A wheel is a zip file with the Python sources."""

    def download(self, name: str, version: str, folder: Path) -> Path:
        """See `Client`."""
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
        what = ["--no-deps", "--only-binary", ":all:", "--platform", "any", "--ignore-requires-python"]
        call([*pip, "download", "--quiet", *what, "--dest", folder, f"{name}=={version}"], folder)
        return only_file(folder, "*.whl")


CLIENTS.register("pypi")(Pypi())
