"""Recognises the errors of a full disk. Libraries in other languages report them without Python's error number."""

import errno
import os

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No space, a quota that is used up, a file that is larger than allowed (`ulimit -f`)."""
_TEXTS = (
    *(os.strerror(number) for number in FULL),
    *(f"os error {number})" for number in FULL),
    "database or disk is full",  # sqlite
    "PytorchStreamWriter failed writing",  # torch gives no reason, here and in the next two
    "basic_ios::clear: iostream error",
    ". unexpected pos ",
)


def full_disk(error: BaseException) -> str:
    """The reason, such as "No space left on device", if `error` or one of its causes is a full disk; else ""."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        seen.append(link)
        if isinstance(link, OSError) and link.errno in FULL:
            return os.strerror(link.errno or errno.ENOSPC)
        if isinstance(link, OSError) and link.errno is None and "requested and" in str(link):  # numpy's tofile
            return os.strerror(errno.ENOSPC)
        if any(text in str(link) for text in _TEXTS):
            return next((os.strerror(number) for number in FULL if _names(link, number)), os.strerror(errno.ENOSPC))
        link = link.__cause__ or link.__context__
    return ""


def _names(error: BaseException, number: int) -> bool:
    return os.strerror(number) in str(error) or f"os error {number})" in str(error)
