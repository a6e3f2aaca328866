"""Files that are either whole or absent; what is no file is written through."""

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

_OWN_DESCRIPTOR = re.compile(r"/(?:dev|proc/(?:self|thread-self))/fd/(\d+)")
_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_MOST_LINKS = 40
_PIECE = 1_000_000
_CANNOT_REPLACE = frozenset({errno.EBUSY, errno.EPERM, errno.EACCES, errno.EXDEV, errno.EROFS})

_HINTS = {
    errno.ENOSPC: "free some disk space, or choose another folder that you may write to",
    errno.EDQUOT: "free some disk space, or choose another folder that you may write to",
    errno.EISDIR: "name a file, not a folder",
    errno.EBADF: "that descriptor is not open for writing; name a file",
}


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a temporary path; when the block ends without error, `path` gets what was written there.

    A new file, or a regular one, is replaced whole, with the owner and the permissions that it had; links are
    followed. A pipe, a device, an open descriptor (/dev/stdout) and a file that cannot be replaced (a mount, a file in
    a folder that is not ours) get the content written into them. What goes wrong is an ArtifactError that names the
    path; a reader of a pipe that leaves early is a ReaderLeftError. The temporary file is removed in every case.
    """
    temporary: Path | None = None
    try:
        target = _target(path)
        temporary = _temporary(target)
        yield temporary
        if isinstance(target, int) or temporary.parent != target.parent:
            _pour(temporary, target)
        else:
            _replace(temporary, target)
    except BrokenPipeError as error:
        raise ReaderLeftError(f"the reader of {path} left before the end") from error
    except OSError as error:
        raise ArtifactError(
            f"cannot write {path}: {error.strerror or error}",
            _HINTS.get(error.errno or 0, "choose another file, in a folder that you may write to"),
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all where `path` is a file."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write `array` as npy, whole or not at all."""
    with writing(path) as temporary, temporary.open("wb") as stream:
        np.save(stream, array)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`, also where the other end takes it slowly and the descriptor does not wait."""
    rest = memoryview(content)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            select.select([], [descriptor], [])


def size_bytes(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    return sum(entry.stat().st_size for entry in folder.rglob("*") if entry.is_file())


def _target(path: Path) -> Path | int:
    """What is to be written: the path at the end of all links, or the number of a descriptor of this process."""
    for _ in range(_MOST_LINKS):
        name = os.path.abspath(path)  # noqa: PTH100 - links are followed one by one
        if name in _STANDARD:
            return _STANDARD[name]
        if match := _OWN_DESCRIPTOR.fullmatch(name):
            return int(match.group(1))
        if not path.is_symlink():
            break
        following = path.parent / path.readlink()
        if path.exists() and not following.exists():
            break  # a link of the kernel's, whose text is no path
        path = following
    else:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    if path.is_dir():
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    return path.absolute()  # tempfile's names are absolute, and are compared with it


def _temporary(target: Path | int) -> Path:
    """A new file: beside the target where it can take its place there, else in the system's temporary folder."""
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
        before = target.stat()
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp's 0600 would lock other users of a shared store out
    else:
        if (before.st_uid, before.st_gid) != (temporary.stat().st_uid, temporary.stat().st_gid):
            with suppress(OSError):  # only root may give files away
                os.chown(temporary, before.st_uid, before.st_gid)
        temporary.chmod(stat.S_IMODE(before.st_mode))
    try:
        temporary.replace(target)
    except OSError as error:
        if error.errno not in _CANNOT_REPLACE or not target.exists():
            raise
        _pour(temporary, target)


def _pour(temporary: Path, target: Path | int) -> None:
    """Write the content into what is there."""
    if isinstance(target, int):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()  # what was said before comes before
        descriptor = os.dup(target)
    else:
        descriptor = os.open(target, os.O_WRONLY | os.O_TRUNC | getattr(os, "O_NOCTTY", 0))
    try:
        with temporary.open("rb") as stream:
            while content := stream.read(_PIECE):
                write_all(descriptor, content)
    finally:
        os.close(descriptor)
