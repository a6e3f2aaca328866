"""Bundles that are correctly signed and hostile are refused, or ended: never an abort, a traceback or invalid JSON."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from avatar.common.errors import ArtifactError
from avatar.serve import Predictor, student_process
from avatar.serve.cli import main
from avatar.serve.default_student import FOLDER
from avatar.serve.lsp.editor_settings import EditorSettings
from avatar.serve.lsp.index import Index
from avatar.serve.scan.cache import NoCache
from avatar.serve.scan.student import LazyStudent
from hostile_bundles import CONFIGS, GRAPHS, NGRAMS, TOKENIZERS, Change, encoder, many_products, signed
from students import TEXTS

pytestmark = pytest.mark.timeout(120)

FILES = {
    f"{group}: {name}": change
    for group, cases in (("config", CONFIGS), ("tokenizer", TOKENIZERS), ("graph", GRAPHS))
    for name, change in cases.items()
}


@pytest.fixture
def functions(tmp_path: Path) -> list[str]:
    for number in range(2):
        (tmp_path / f"{number}.py").write_text(TEXTS[number])
    return [str(tmp_path / f"{number}.py") for number in range(2)]


def refused(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> str:
    """Run a command that must fail with one message; the message."""
    assert main(arguments) == 2
    output = capfd.readouterr()
    assert output.out == ""
    assert output.err.startswith("avatar: "), output.err
    assert "Traceback" not in output.err
    assert "bug in avatar" not in output.err
    assert len(output.err) < 2_000
    return output.err


@pytest.mark.parametrize("name", FILES)
def test_a_student_of_graphs_is_refused(
    tmp_path: Path, clone_student: Path, functions: list[str], name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = signed(clone_student, tmp_path / "bundle", FILES[name])
    refused(["predict", str(folder), *functions], capfd)


@pytest.mark.parametrize("name", NGRAMS)
def test_an_ngram_student_is_refused(
    tmp_path: Path, functions: list[str], name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = signed(FOLDER, tmp_path / "bundle", NGRAMS[name])
    refused(["predict", str(folder), *functions], capfd)
    with pytest.raises(ArtifactError):
        Predictor(folder)


@pytest.mark.parametrize("name", [*TOKENIZERS, *GRAPHS])
def test_python_refuses_it_too(tmp_path: Path, clone_student: Path, name: str) -> None:
    change: Change = (TOKENIZERS | GRAPHS)[name]
    with pytest.raises(ArtifactError):
        Predictor(signed(clone_student, tmp_path / "bundle", change))


@pytest.mark.parametrize("name", ["an endless loop", "NaN weights", "a normalizer that multiplies text"])
def test_scan_server_and_editor_refuse_it(
    tmp_path: Path, clone_student: Path, functions: list[str], name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = signed(clone_student, tmp_path / "bundle", (TOKENIZERS | GRAPHS)[name])
    options = ["--min-lines", "0", "--min-words", "0"]
    refused(["scan", str(tmp_path / "0.py"), "--bundle", str(folder), "--quiet", *options], capfd)
    refused(["serve", "--bundle", str(folder), "--port", "0"], capfd)
    index = Index(LazyStudent(folder, 1), EditorSettings(min_lines=0, min_words=0), NoCache())
    with pytest.raises(ArtifactError):
        index.update("a", "a.py", TEXTS[0])
    index.close()


def test_a_slow_student_is_ended_by_its_budget(
    tmp_path: Path,
    clone_student: Path,
    functions: list[str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its graph is one that the export could write."""
    folder = signed(clone_student, tmp_path / "bundle", encoder(many_products()))
    monkeypatch.setattr("avatar.serve.student_process.OPEN_SECONDS", 1.0)
    message = refused(["predict", str(folder), *functions], capfd)
    assert "was ended: more than 1 seconds of CPU time" in message
    message = refused(["scan", functions[0], "--bundle", str(folder), "--quiet", "--min-lines", "0"], capfd)
    assert "was ended: more than 1 seconds of CPU time" in message


def test_nothing_goes_on_without_the_program(tmp_path: Path, clone_student: Path, functions: list[str]) -> None:
    folder = signed(clone_student, tmp_path / "bundle", encoder(many_products()))
    command = [sys.executable, "-m", "avatar.serve.cli", "predict", str(folder), *functions]
    with subprocess.Popen(command, start_new_session=True) as process:
        begin = time.monotonic()
        while len(descendants(process.pid)) < 2 and time.monotonic() - begin < 60:
            time.sleep(0.05)
        workers = descendants(process.pid)
        assert len(workers) == 2
        process.send_signal(signal.SIGKILL)
    begin = time.monotonic()
    while any(map(running, workers)) and time.monotonic() - begin < 10:
        time.sleep(0.05)
    assert not any(map(running, workers))


def descendants(pid: int) -> list[int]:
    try:
        children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [one for child in children for one in (child, *descendants(child))]


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_process_gives_the_answers_of_the_predictor(clone_student: Path) -> None:
    direct = Predictor(clone_student)
    student = student_process.open_student(clone_student)
    assert isinstance(student, student_process.StudentProcess)
    pairs = [[first, second] for first, second in zip(TEXTS[:5], TEXTS[5:10], strict=True)]
    expected, answers = direct.answer(pairs, ["python", "python"]), student.answer(pairs, ["python", "python"])
    np.testing.assert_array_equal(answers.probabilities, expected.probabilities)
    assert (answers.tokens, answers.warnings) == (expected.tokens, expected.warnings)
    texts = [direct.text(one) for one in TEXTS[:9]]
    vectors = direct.encode_texts(texts)
    np.testing.assert_array_equal(student.encode_texts(texts), vectors)
    np.testing.assert_array_equal(student.compare(vectors[:4], vectors[4:8]), direct.compare(vectors[:4], vectors[4:8]))
    assert student.pieces([5, 6]) == direct.pieces([5, 6])
    assert student.label(expected.probabilities) == direct.label(expected.probabilities)
    assert student.encode_texts([]).shape == (0, direct.hidden_size)
    student.stop()


def test_predict_writes_valid_json(
    clone_student: Path, functions: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(clone_student), *functions]) == 0

    def no_number(name: str) -> None:
        raise ValueError(name)

    assert 0 <= json.loads(capsys.readouterr().out, parse_constant=no_number)["probability"] <= 1
