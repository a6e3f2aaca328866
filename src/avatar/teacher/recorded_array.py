"""Reads an array of numbers from an npy file that somebody else wrote. No code in it is run."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avatar.common.errors import DataError
from avatar.common.regular_files import require_regular

LONGEST_REASON = 300
"""Characters of the library's reason in a message: it may quote all of a header."""


def read_array(path: Path, kinds: str, hint: str, *, mapped: bool = False) -> NDArray[Any]:
    """The array in `path`, whose type is one of numpy's `kinds` ("f": float, "i", "u": whole number, "b": boolean).

    With `mapped`, its values stay on disk. A file that np.save did not write, or another type, is a DataError.
    """
    try:
        require_regular(path)
        values = np.load(path, allow_pickle=False, mmap_mode="r" if mapped else None)
    except Exception as error:  # whatever numpy's parsers of headers and archives raise: SyntaxError, MemoryError, ...
        reason = (str(error) or type(error).__name__)[:LONGEST_REASON]
        raise DataError(f"{path} is not a readable numpy array of numbers: {reason}", hint) from error
    if not isinstance(values, np.ndarray):
        values.close()
        raise DataError(f"{path} is an archive of numpy arrays, not one array", hint)
    if values.dtype.kind not in kinds:
        kind = str(values.dtype)[:LONGEST_REASON]
        raise DataError(f"{path} has a numpy array of shape {values.shape} and type {kind}, which is not usable", hint)
    return values
