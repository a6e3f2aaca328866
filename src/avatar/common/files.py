"""Writes files completely or not at all. Pipes, devices and descriptors get the content written into them."""

import errno
import os
import re
import select
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import ArtifactError, ReaderLeftError
from avatar.common.full_disk import full_disk

_OWN_DESCRIPTOR = re.compile(r"/(?:dev|proc/(?:self|thread-self))/fd/(\d+)")
_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_MOST_LINKS = 40
_PIECE = 1_000_000
_CANNOT_REPLACE = frozenset({errno.EBUSY, errno.EPERM, errno.EACCES, errno.EXDEV, errno.EROFS})

_HINTS = {
    errno.ENOSPC: "free some disk space, or choose another folder that you may write to",
    errno.EISDIR: "name a file, not a folder",
    errno.EBADF: "this descriptor is not open for writing; name a file",
}


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary path; when the block ends without error, `path` gets the content of that file.

    A regular file is replaced as a whole and keeps its owner and permissions; links are followed. A pipe, a device, an
    open descriptor (/dev/stdout) and a file that cannot be replaced (a mount, a file in a read-only folder) get the
    content written into them. Raises ArtifactError with the path if writing fails, and ReaderLeftError if the reader of
    a pipe closes it early. The temporary file is always removed.
    """
    temporary: Path | None = None
    try:
        target = _target(path)
        temporary = _temporary(target)
        yield temporary
        if isinstance(target, int) or temporary.parent != target.parent:
            _write_into(temporary, target)
        else:
            _replace(temporary, target)
    except BrokenPipeError as error:
        raise ReaderLeftError(f"the reader of {path} closed it before the end") from error
    except ArtifactError:
        raise
    except Exception as error:  # libraries in other languages have errors of their own for a full disk
        full = full_disk(error)
        if not full and not isinstance(error, OSError):
            raise
        number = errno.ENOSPC if full else (error.errno if isinstance(error, OSError) else 0)
        raise ArtifactError(
            f"cannot write {path}: {full or getattr(error, 'strerror', '') or error}",
            _HINTS.get(number or 0, "choose another file, in a folder that you may write to"),
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8; a file is written completely or not at all."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write `array` as npy, completely or not at all."""
    with writing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, array)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`, also to a slow reader of a non-blocking descriptor."""
    remaining = memoryview(content)
    while remaining:
        try:
            remaining = remaining[os.write(descriptor, remaining) :]
        except BlockingIOError:
            select.select([], [descriptor], [])


def size_bytes(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    return sum(entry.stat().st_size for entry in folder.rglob("*") if entry.is_file())


def _target(path: Path) -> Path | int:
    """What to write to: the path at the end of all links, or the number of a descriptor of this process."""
    for _ in range(_MOST_LINKS):
        name = os.path.abspath(path)  # noqa: PTH100 - links are followed one by one
        if name in _STANDARD:
            return _STANDARD[name]
        if match := _OWN_DESCRIPTOR.fullmatch(name):
            return int(match.group(1))
        if not path.is_symlink():
            break
        next_path = path.parent / path.readlink()
        if path.exists() and not next_path.exists():
            break  # a link of the kernel, whose text is not a path
        path = next_path
    else:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if path.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    return path.absolute()  # tempfile's names are absolute, and are compared with it


def _temporary(target: Path | int) -> Path:
    """A new file: beside the target if it can replace it there, else in the system's temporary folder."""
    folder = None
    if isinstance(target, Path) and (target.is_file() or not target.exists()):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = target.parent
    prefix = f".{target.name[:100]}." if isinstance(target, Path) else ".avatar."
    try:
        handle, name = tempfile.mkstemp(dir=folder, prefix=prefix)
    except OSError as error:
        if folder is None or error.errno not in _CANNOT_REPLACE or not os.path.lexists(str(target)):
            raise
        handle, name = tempfile.mkstemp(prefix=prefix)
    os.close(handle)
    return Path(name)


def _replace(temporary: Path, target: Path) -> None:
    try:
        old = target.stat()
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp sets 0600, which other users of a shared store could not read
    else:
        if (old.st_uid, old.st_gid) != (temporary.stat().st_uid, temporary.stat().st_gid):
            with suppress(OSError):  # only root may change the owner
                os.chown(temporary, old.st_uid, old.st_gid)
        temporary.chmod(stat.S_IMODE(old.st_mode))
    try:
        temporary.replace(target)
    except OSError as error:
        if error.errno not in _CANNOT_REPLACE or not target.exists():
            raise
        _write_into(temporary, target)


def _write_into(temporary: Path, target: Path | int) -> None:
    """Write the content into the existing target."""
    if isinstance(target, int):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()  # earlier output comes first
        descriptor = os.dup(target)
    else:
        descriptor = os.open(target, os.O_WRONLY | os.O_TRUNC | getattr(os, "O_NOCTTY", 0))
    try:
        with temporary.open("rb") as stream:
            while content := stream.read(_PIECE):
                write_all(descriptor, content)
    finally:
        os.close(descriptor)
