"""Opens only regular files: a named pipe without a writer, or a device, would be read for ever."""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
}


class NotRegularError(OSError):
    """The path is a named pipe, a device, a socket or a folder."""

    def __init__(self, path: Path | str, mode: int) -> None:
        super().__init__(errno.EINVAL, f"it is {kind(mode)}, not a regular file", str(path))


def kind(mode: int) -> str:
    """What a file of this mode is, in words."""
    return _KINDS.get(stat.S_IFMT(mode), "no regular file")


def require_regular(path: Path) -> None:
    """Raise NotRegularError if `path`, after its links, is no regular file; other errors are an OSError too."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise NotRegularError(path, mode)


def open_regular(path: Path) -> BufferedReader:
    """`path` opened for reading bytes, never waiting for a writer. NotRegularError if it is no regular file."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    require_regular(path)  # opening a device may have an effect
    descriptor = os.open(path, flags)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise NotRegularError(path, mode)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path, most: int = -1) -> bytes:
    """All bytes of a regular file, or the first `most`."""
    with open_regular(path) as stream:
        return stream.read(most)
