"""Files that are either whole or absent."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ArtifactError


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; rename it to `path` when the block ends without error.

    A full disk or a folder without write permission is an ArtifactError that names the place;
    the temporary file is removed in every case.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        temporary = Path(name)
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp's 0600 would lock other users of a shared store out
        temporary.replace(path)
    except OSError as error:
        raise ArtifactError(
            f"cannot write {path}: {error.strerror or error}",
            "free some disk space, or choose another folder that you may write to",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write `array` as npy, whole or not at all."""
    with writing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, array)


def size_bytes(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    return sum(entry.stat().st_size for entry in folder.rglob("*") if entry.is_file())
