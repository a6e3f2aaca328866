"""Hostile npy files of recorded predictions and vectors are refused with one clear message. Found by `make fuzz`."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from avatar.common.errors import DataError
from avatar.data.records import Corpus, Function, Sample, SplitName, Task
from avatar.teacher.kinds.vectors import function_vectors
from avatar.teacher.predictions import read_predictions

ROWS = 4


def npy(header: bytes, version: bytes = b"\1\0", content: bytes = bytes(64)) -> bytes:
    """An npy file with any header."""
    return b"\x93NUMPY" + version + struct.pack("<H" if version == b"\1\0" else "<I", len(header)) + header + content


def described(descr: object = "<f8", shape: object = (ROWS, 2), order: object = False) -> bytes:
    return npy(repr({"descr": descr, "fortran_order": order, "shape": shape}).encode() + b"\n")


def saved(save: Callable[..., None], values: object) -> bytes:
    stream = io.BytesIO()
    save(stream, values)
    return stream.getvalue()


ARCHIVE = saved(np.savez, np.zeros((ROWS, 2)))
HOSTILE = {
    "an archive": ARCHIVE,
    "half an archive": ARCHIVE[: len(ARCHIVE) // 2],
    "an archive with a wrong directory": ARCHIVE.replace(b"PK\1\2", b"PK\1\3"),
    "an open bracket": npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (4, 2\n"),
    "a thousand brackets": npy(b"(" * 1_000 + b"\n"),
    "no header": npy(b""),
    "a header that is not text": npy(b"\xff\xfe\0\n", b"\3\0"),
    "more rows than memory": described("<f8", (10**12, 2)),
    "more rows than a number can count": described("<f8", (10**30,)),
    "minus one row": described("<f8", (-1, 2)),
    "rows of objects": described("|O"),
    "rows of text": saved(np.save, np.full((ROWS, 2), "1.5")),
    "dates": saved(np.save, np.zeros((ROWS, 2), "M8[s]")),
    "complex numbers": saved(np.save, np.full((ROWS, 2), 1 + 2j)),
    "records": saved(np.save, np.zeros((ROWS, 2), [("a", "<f8")])),
    "bytes": described("|V8"),
    "a type of no bytes": described("<U0"),
    "an unknown type": described("<i3"),
    "a nameless type": described(""),
    "a shape of fractions": described("<f8", (4.0, 2)),
    "numbers that no float64 can hold": saved(np.save, np.full((ROWS, 2), np.longdouble("1e4000"))),
    "numbers that no float32 can hold": saved(np.save, np.full((ROWS, 2), 1e300)),
}


@pytest.fixture
def grouped() -> Corpus:
    names = [str(number) for number in range(ROWS)]
    halves = {SplitName.LABELED: np.arange(2), SplitName.UNLABELED: np.arange(2, ROWS)}
    splits = {split: tuple(Sample(names[row], int(row)) for row in rows) for split, rows in halves.items()}
    functions = {name: Function(name, "f()") for name in names}
    return Corpus("x", Task.EMBEDDING, functions, splits, rows=halves, source_rows=dict.fromkeys(halves, ROWS))


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.filterwarnings("error::RuntimeWarning")  # what becomes infinite must be refused, not only warned about
@pytest.mark.timeout(60)
def test_a_hostile_array_is_one_clear_error(case: str, tmp_path: Path, grouped: Corpus) -> None:
    path = tmp_path / "recorded.npy"
    path.write_bytes(HOSTILE[case])
    for read in (lambda: read_predictions(path, ROWS), lambda: function_vectors(path, grouped)):
        with pytest.raises(DataError) as caught:
            read()
        assert str(path) in caught.value.message
        assert caught.value.hint
        assert len(caught.value.message) < 1_000


@pytest.mark.parametrize("kind", ["f8", "f4", "f2", ">f4"])
def test_arrays_of_every_precision_are_read(kind: str, tmp_path: Path, grouped: Corpus) -> None:
    path = tmp_path / "recorded.npy"
    values = np.asarray([[1.5, -2], [0.25, 3], [4, 5], [6, 7]])
    np.save(path, values.astype(kind))
    assert (read_predictions(path, ROWS) == values).all()
    assert (function_vectors(path, grouped) == values).all()


@pytest.mark.parametrize("kind", ["?", "u1", "i8"])
def test_hard_labels_of_every_type_are_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "recorded.npy"
    np.save(path, np.asarray([0, 1, 1, 0]).astype(kind))
    assert read_predictions(path, ROWS).argmax(1).tolist() == [0, 1, 1, 0]
