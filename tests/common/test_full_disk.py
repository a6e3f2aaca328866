"""A full disk is one clear error, whichever library writes, and leaves no file that looks complete."""

import errno
import logging
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
import safetensors.numpy
import safetensors.torch
import torch
from tokenizers import Tokenizer, models

from avatar.common.errors import ArtifactError
from avatar.common.files import save_array, write_text, writing
from avatar.common.folders import copy_folder, writing_folder
from avatar.common.full_disk import full_disk
from avatar.common.logging import LogFile
from avatar.search.journal import SingleWriterJournal

pytestmark = pytest.mark.timeout(60)
ARRAY = np.arange(20_000, dtype=np.float32)


@contextmanager
def no_larger_file(limit: int) -> Iterator[None]:
    """Inside the block, a file of more than `limit` bytes cannot be written, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def graph() -> onnx.ModelProto:
    weights = onnx.numpy_helper.from_array(ARRAY, "weights")
    node = onnx.helper.make_node("Identity", ["weights"], ["output"])
    output = onnx.helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, ARRAY.shape)
    return onnx.helper.make_model(onnx.helper.make_graph([node], "graph", [], [output], [weights]))


def tokenizer() -> Tokenizer:
    return Tokenizer(models.WordLevel({f"word{index}": index for index in range(5000)}, unk_token="word0"))


def as_file(write: Callable[[Path], object]) -> Callable[[Path], None]:
    def whole(path: Path) -> None:
        with writing(path) as temporary:
            write(temporary)

    return whole


WRITERS: dict[str, Callable[[Path], None]] = {
    "text": lambda path: write_text(path, "x" * 50_000),
    "npy": lambda path: save_array(path, ARRAY),
    "safetensors": as_file(lambda path: safetensors.numpy.save_file({"weights": ARRAY}, path)),
    "safetensors of torch": as_file(lambda path: safetensors.torch.save_file({"weights": torch.ones(9000)}, path)),
    "tokenizer": as_file(lambda path: tokenizer().save(str(path))),
    "onnx": as_file(lambda path: onnx.save(graph(), str(path))),
    "csv": as_file(lambda path: pd.DataFrame({"a": ARRAY}).to_csv(path)),
    "torch": as_file(lambda path: torch.save({"weights": torch.ones(9000)}, path)),
}


@pytest.mark.parametrize("limit", [0, 100, 8192, 30_000])
@pytest.mark.parametrize("writer", WRITERS)
def test_every_library_that_writes_a_file(writer: str, limit: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with no_larger_file(limit), pytest.raises(ArtifactError) as caught:
        WRITERS[writer](path)
    assert str(path) in caught.value.message
    assert os.strerror(errno.EFBIG) in caught.value.message or os.strerror(errno.ENOSPC) in caught.value.message
    assert "free some disk space" in caught.value.hint
    assert caught.value.exit_status == 2
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    WRITERS[writer](path)
    assert path.stat().st_size > 30_000


def test_a_folder_is_written_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "inner").mkdir(parents=True)
    (source / "small").write_text("x")
    (source / "inner" / "large").write_text("x" * 5000)
    target.mkdir()
    (target / "old").write_text("old")
    with no_larger_file(1000), pytest.raises(ArtifactError, match="cannot write the folder") as caught:
        copy_folder(source, target)
    assert "File too large" in caught.value.message
    assert [entry.name for entry in target.iterdir()] == ["old"]
    assert {entry.name for entry in tmp_path.iterdir()} == {"source", "target"}
    copy_folder(source, target)
    assert {entry.name for entry in target.rglob("*")} == {"small", "inner", "large"}
    assert {entry.name for entry in tmp_path.iterdir()} == {"source", "target"}


def test_other_errors_stay_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(KeyError), writing(tmp_path / "file"):
        raise KeyError("a")
    with pytest.raises(KeyError), writing_folder(tmp_path / "folder"):
        raise KeyError("a")
    assert not list(tmp_path.iterdir())
    assert full_disk(KeyError("a")) == full_disk(OSError(errno.ENOENT, "no")) == ""


def test_the_cause_of_an_error_counts() -> None:
    error = RuntimeError("the training failed")
    error.__cause__ = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert full_disk(error) == "No space left on device"


def test_a_journal_has_no_half_entry_in_its_middle(tmp_path: Path) -> None:
    """One write may write a part and report no error; the next entry then followed a half one."""
    journal = SingleWriterJournal(tmp_path / "journal")
    journal.append_logs([{"number": 1}])
    with no_larger_file(20), pytest.raises(OSError, match="File too large"):
        journal.append_logs([{"number": 2}])
    journal.close()
    again = SingleWriterJournal(tmp_path / "journal")
    again.append_logs([{"number": 3}])
    again.close()
    read = SingleWriterJournal(tmp_path / "journal")
    assert read.read_logs(0) == [{"number": 1}, {"number": 3}]
    read.close()


def log_lines(path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Log 43 lines into `path`; returns what standard error shows."""
    logger, handler = logging.getLogger("avatar.full"), LogFile(path)
    monkeypatch.setattr(logger, "propagate", False)
    console = logging.StreamHandler()
    for each in (handler, console):
        logger.addHandler(each)
        logging.getLogger("avatar.log").addHandler(each)
    try:
        for number in range(43):
            logger.warning("line %d", number)
    finally:
        for each in (handler, console):
            logger.removeHandler(each)
            logging.getLogger("avatar.log").removeHandler(each)
        handler.close()
    return capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_log_file_on_a_full_disk_is_one_warning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = log_lines("/dev/full", capsys, monkeypatch)
    assert "Traceback" not in shown
    assert "Logging error" not in shown
    assert shown.count("the log file /dev/full is incomplete: No space left on device") == 1
    assert shown.count("line ") == 43


def test_a_log_file_that_cannot_be_opened_is_one_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = log_lines(str(tmp_path / "no folder" / "train.log"), capsys, monkeypatch)
    assert shown.count("is incomplete: No such file or directory") == 1
    assert shown.count("line ") == 43
