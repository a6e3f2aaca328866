import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.bundle import CONFIG, write_manifest
from avatar.common.errors import ArtifactError, DataError
from avatar.data.records import Task
from avatar.serve import Predictor
from avatar.serve import predictor as module
from avatar.serve.cli import main
from avatar.serve.predictor import length_batches, padded, softmax
from students import TEXTS, tiny_bundle


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("pairs") / "bundle", Task.PAIR, head="concat").folder


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("functions") / "bundle", Task.FUNCTION).folder


def test_batching_does_not_change_the_answer(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = Predictor(pairs, threads=1)
    together = predictor.encode(TEXTS)
    monkeypatch.setattr(module, "TOKENS_OF_A_BATCH", 1)
    np.testing.assert_allclose(predictor.encode(TEXTS), together, atol=1e-5)


def test_order_of_a_pair_is_kept(pairs: Path) -> None:
    predictor = Predictor(pairs, threads=1)
    forth, back = predictor.predict([(TEXTS[0], TEXTS[1])]), predictor.predict([(TEXTS[1], TEXTS[0])])
    assert not np.allclose(forth, back, atol=1e-4)
    left, right = predictor.encode(TEXTS[:1]), predictor.encode(TEXTS[1:2])
    np.testing.assert_allclose(predictor.compare(left, right), forth, atol=1e-5)


def test_each_distinct_function_is_encoded_once(pairs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    predictor = Predictor(pairs, threads=1)
    seen: list[str] = []
    tokenize: Callable[..., object] = predictor.tokenize
    monkeypatch.setattr(predictor, "tokenize", lambda codes, languages: seen.extend(codes) or tokenize(codes))
    predictor.predict([(TEXTS[0], TEXTS[1]), (TEXTS[1], TEXTS[0]), (TEXTS[0], TEXTS[0])])
    assert seen == [TEXTS[0], TEXTS[1]]


def test_rows_are_probabilities(functions: Path) -> None:
    probabilities = Predictor(functions, threads=1).predict([*TEXTS, "", "x" * 200_000, "\x00\ud7ff é 漢字"])
    assert probabilities.shape == (len(TEXTS) + 3, 2)
    np.testing.assert_allclose(probabilities.sum(1), 1)
    assert (probabilities > 0).all()


def test_nothing_in_nothing_out(pairs: Path) -> None:
    predictor = Predictor(pairs, threads=1)
    assert predictor.predict([]).shape == (0, 2)
    assert predictor.encode([]).shape == (0, predictor.hidden_size)


def test_long_input_is_cut(functions: Path) -> None:
    predictor = Predictor(functions, threads=1)
    long = " ".join(TEXTS)
    assert [len(row) for row in predictor.tokenize([long, ""])] == [predictor.config.max_length, 1]
    np.testing.assert_array_equal(predictor.predict([long]), predictor.predict([long + " more"]))


def test_temperature_and_threshold_come_from_the_config(functions: Path, tmp_path: Path) -> None:
    folder = tmp_path / "warm"
    folder.mkdir()
    for path in functions.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**config, "temperature": 2.0, "threshold": 0.0}))
    write_manifest(folder)
    cold, warm = Predictor(functions, threads=1), Predictor(folder, threads=1)
    logits = cold.logits(cold.encode(TEXTS[:3]))
    np.testing.assert_allclose(warm.predict(TEXTS[:3]), softmax(logits / 2), atol=1e-6)
    assert warm.label(np.array([[1.0, 0.0]])) == ["vulnerable"]
    assert cold.label(np.array([[0.51, 0.49], [0.5, 0.5]])) == ["clean", "vulnerable"]


def test_threads_share_a_predictor(pairs: Path) -> None:
    predictor = Predictor(pairs, threads=1)
    examples = list(zip(TEXTS, reversed(TEXTS), strict=True))
    expected = predictor.predict(examples)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: predictor.predict(examples), range(8)))
    assert all(np.array_equal(answer, expected) for answer in answers)


def test_wrong_arity_is_refused(pairs: Path, functions: Path) -> None:
    with pytest.raises(DataError, match="example 1 has 1"):
        Predictor(pairs, threads=1).predict([("a", "b"), "c"])  # type: ignore[list-item]
    predictor = Predictor(functions, threads=1)
    with pytest.raises(DataError, match="2 given"):
        predictor.compare(predictor.encode(["a"]), predictor.encode(["b"]))
    pair = Predictor(pairs, threads=1)
    with pytest.raises(DataError, match="1 and 2 vectors"):
        pair.compare(pair.encode(["a"]), pair.encode(["a", "b"]))


def test_a_damaged_bundle_is_refused(functions: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no bundle"):
        Predictor(tmp_path / "none")


@given(st.lists(st.integers(1, 300), max_size=60))
def test_batches_hold_every_row_once_and_stay_small(lengths: list[int]) -> None:
    limit = 8192
    batches = list(length_batches(lengths))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(len(batch) * max(lengths[row] for row in batch) <= limit for batch in batches)


@given(st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=6))
def test_padding_keeps_the_tokens(rows: list[list[int]]) -> None:
    ids, mask = padded(rows, 0)
    assert [list(row[flags == 1]) for row, flags in zip(ids, mask, strict=True)] == rows
    assert (ids[mask == 0] == 0).all()


def test_runs_without_torch(pairs: Path, tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        files.append(tmp_path / f"{name}.py")
        files[-1].write_text(f"def {name}(): return 1")
    program = (
        "import sys\nfrom avatar.serve.cli import main\nstatus = main(sys.argv[1:])\n"
        "heavy = {'torch', 'transformers', 'mlflow', 'hydra', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy\nsys.exit(status)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, "predict", str(pairs), *map(str, files)],
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["label"] in ("different", "clone")


def test_cli_prints_json(functions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "f.c"
    file.write_text(TEXTS[0])
    assert main(["predict", str(functions), str(file)]) == 0
    answer = json.loads(capsys.readouterr().out)
    expected = Predictor(functions, threads=1).predict([TEXTS[0]])[0, 1]
    assert answer["probability"] == pytest.approx(expected)
    assert answer["label"] == ("vulnerable" if expected >= 0.5 else "clean")
    assert answer["tokens"] == [48]


@pytest.mark.parametrize(
    ("content", "extra", "said"),
    [
        (b"\xff\xfe", [], "not UTF-8"),
        (b" \n", [], "is empty"),
        (b"int f;", ["second.c"], "needs 1 file"),
        (None, [], "cannot read"),
    ],
)
def test_cli_says_what_is_wrong_with_a_file(
    functions: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    extra: list[str],
    said: str,
) -> None:
    file = tmp_path / "f.c"
    if content is not None:
        file.write_bytes(content)
    assert main(["predict", str(functions), str(file), *extra]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert not captured.out
    assert "Traceback" not in captured.err


def test_cli_refuses_a_missing_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", str(tmp_path / "none"), "f.c"]) == 2
    assert "no bundle" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["dance"], ["predict"], ["predict", "b", "f", "--threads", "-1"]])
def test_cli_refuses_bad_arguments(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


def test_cli_help_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "predict" in capsys.readouterr().out
