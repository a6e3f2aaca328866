"""A named pipe or a device in the place of a file is never read: it would hang for ever."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from random import Random

import pytest

from avatar.bundle import read_bundle
from avatar.bundle.ngram_weights import read_ngram_weights
from avatar.common.errors import ArtifactError, DataError
from avatar.common.hashing import file_digest
from avatar.common.regular_files import NotRegularError, open_regular, read_regular
from avatar.data.clones.collect import collect
from avatar.serve.cli import main
from avatar.serve.default_student import FOLDER
from avatar.serve.lsp.editor_settings import EditorSettings
from avatar.serve.lsp.index import Index
from avatar.serve.ngram_reader import NgramReader
from avatar.serve.scan.cache import NoCache
from avatar.serve.scan.ignore import Ignored
from avatar.serve.scan.run_scan import Options, scan
from avatar.serve.scan.since import Since
from avatar.serve.scan.source_files import Skipped, SourceFile, read_source, source_files
from avatar.serve.scan.student import LazyStudent
from avatar.tables.lines import json_rows, text_lines
from avatar.tables.parquet import parquet_rows

CODE = "def twin(values):\n    total = 0\n    for value in values:\n        total += value\n    return total\n"

pytestmark = pytest.mark.timeout(30, method="thread")


@pytest.mark.parametrize("kind", ["a named pipe", "a device", "a folder", "a socket"])
def test_only_regular_files_are_opened(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("x")
    if kind == "a named pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    elif kind == "a folder":
        path.mkdir()
    else:
        import socket

        socket.socket(socket.AF_UNIX).bind("x")
    for read in (open_regular, read_regular, file_digest):
        with pytest.raises(NotRegularError, match=f"it is {kind}, not a regular file"):
            read(path)


def test_regular_files_and_links_to_them_are_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert read_regular(tmp_path / "b") == b"content"
    assert read_regular(tmp_path / "b", 3) == b"con"
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "c")


def test_a_pipe_is_left_out_of_scan_and_editor(tmp_path: Path, clone_student: Path) -> None:
    os.mkfifo(tmp_path / "x.py")
    os.mkfifo(tmp_path / ".gitignore")
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    (tmp_path / "a.py").write_text(CODE)
    (tmp_path / "b.py").write_text(CODE)
    report = scan(tmp_path, clone_student, Options(min_words=0, simple=True, threshold=1.0))
    assert len(report.findings) == 1
    assert [(one.name, one.reason) for one in report.skipped] == [
        ("x.py", "a named pipe"),
        ("zero.py", "symbolic link"),
    ]
    index = Index(LazyStudent(clone_student, 1), EditorSettings(min_words=0, simple=True), NoCache())
    index.read(list(source_files(tmp_path)))
    assert index.functions == 2
    index.close()
    with pytest.raises(DataError, match="is a named pipe"):
        list(source_files(tmp_path / "x.py"))


def test_a_file_that_becomes_a_pipe_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.py")
    result = read_source(SourceFile("x.py", tmp_path / "x.py", "python", 10, 0))
    assert isinstance(result, Skipped)
    assert "named pipe" in result.reason


def test_pipes_among_gits_files(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".git" / "info" / "exclude").unlink(missing_ok=True)
    (tmp_path / ".git" / "info").mkdir(exist_ok=True)
    os.mkfifo(tmp_path / ".git" / "info" / "exclude")
    assert not Ignored(tmp_path)(tmp_path / "a.py")
    (tmp_path / ".git" / "config").unlink()
    os.mkfifo(tmp_path / ".git" / "config")
    with pytest.raises(DataError, match="named pipe"):
        Since(tmp_path, "HEAD")


@pytest.mark.parametrize("name", ["manifest.json", "config.json", "README.md", "tokenizer.json"])
@pytest.mark.parametrize("device", [False, True])
def test_a_bundle_with_a_pipe_or_a_device(tmp_path: Path, clone_student: Path, name: str, device: bool) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    for path in clone_student.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"].setdefault(name, {"sha256": "0" * 64})["bytes"] = 0  # pipes and devices have 0 bytes
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / name).unlink()
    if device:
        (folder / name).symlink_to("/dev/zero")
    else:
        os.mkfifo(folder / name)
    with pytest.raises(ArtifactError):
        read_bundle(folder)


@pytest.mark.parametrize("name", ["ngrams.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("device", [False, True])
def test_a_file_of_an_ngram_student_that_is_replaced(tmp_path: Path, name: str, device: bool) -> None:
    """After the check of the digests, by somebody who may write into the folder."""
    shutil.copytree(FOLDER, tmp_path / "bundle")
    bundle = read_bundle(tmp_path / "bundle")
    weights = read_ngram_weights(bundle.path("ngrams.safetensors"))
    bundle.path(name).unlink()
    if device:
        bundle.path(name).symlink_to("/dev/zero")
    else:
        os.mkfifo(bundle.path(name))
    readers = {
        "tokenizer.json": lambda: NgramReader.of_bundle(bundle, weights),
        "ngrams.safetensors": lambda: read_ngram_weights(bundle.path(name)),
    }
    with pytest.raises(ArtifactError, match="not a regular file"):
        readers[name]()


def test_data_readers(tmp_path: Path) -> None:
    pipe = tmp_path / "train-00000.parquet"
    os.mkfifo(pipe)
    for read in (text_lines, json_rows, lambda path: parquet_rows(path, ["code"])):
        with pytest.raises(DataError, match="named pipe"):
            list(read(pipe))
    os.mkfifo(tmp_path / "module.py")
    assert collect(tmp_path, 10, Random(1)).unreadable == 1


def test_functions_that_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.py").write_text(CODE)
    os.mkfifo(tmp_path / "pipe.py")
    for name in (tmp_path / "pipe.py", "/dev/zero"):
        assert main(["predict", str(tmp_path / "one.py"), str(name)]) == 2
        assert "not a regular file" in capsys.readouterr().err


def test_an_open_pipe_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.py").write_text(CODE)
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        stream.write(CODE)
    try:
        assert main(["predict", str(tmp_path / "one.py"), f"/dev/fd/{reading}", "--language", "python"]) == 0
    finally:
        os.close(reading)
    assert json.loads(capsys.readouterr().out)["label"] == "clone"
