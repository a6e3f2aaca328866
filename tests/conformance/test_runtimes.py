"""Every runtime must give the same answers as the student in torch, for every kind of student and precision."""

import importlib.util
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from avatar.bundle import PRECISIONS, read_bundle
from avatar.common.errors import ConfigError
from avatar.data.records import Task
from avatar.data.tokenizers import encode_texts
from avatar.export import load_student
from avatar.serve import Predictor
from avatar.serve.runtimes import RUNTIMES
from students import TEXTS, tiny_bundle, tiny_tokenizer, tiny_trial

STUDENTS = {
    "concat": (Task.PAIR, {"head": "concat"}),
    "set": (
        Task.PAIR,
        {"head": "interaction", "layers": 0, "position": "none", "pooling": "max", "embedding_size": 16},
    ),
    "relative": (Task.FUNCTION, {"position": "relative_key_query", "pooling": "attention"}),
    "many heads": (Task.FUNCTION, {"position": "relative_key_query", "heads": 12}),
    "silu": (Task.FUNCTION, {"hidden_act": "silu", "pooling": "mean", "position": "relative_key"}),
}


@pytest.fixture(params=sorted(RUNTIMES))
def runtime(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "openvino" and importlib.util.find_spec("openvino") is None:
        pytest.skip("openvino is not installed")
    return name


@pytest.fixture(scope="module", params=sorted(STUDENTS))
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    task, genes = STUDENTS[request.param]
    folder = tmp_path_factory.mktemp("runtimes") / "bundle"
    return tiny_bundle(folder, task, int8=tiny_trial(task), scale=1.5, **genes).folder


@pytest.mark.parametrize("precision", sorted(PRECISIONS))
def test_logits_equal_those_of_the_student(bundle: Path, runtime: str, precision: str) -> None:
    model = load_student(read_bundle(bundle), precision)
    rows = encode_texts(tiny_tokenizer(), TEXTS, model.arch.max_length)
    with torch.inference_mode():  # one function at a time and with every token: no padding, no set
        vectors = torch.cat([model.encode(torch.tensor([row]), torch.ones(1, len(row))) for row in rows])
        sides = [vectors, vectors.flip(0)][: model.task.arity]
        expected = model.classify(torch.stack(sides, dim=1)).numpy()
    predictor = Predictor(bundle, runtime=runtime, precision=precision)
    encoded = predictor.encode(TEXTS)
    np.testing.assert_allclose(encoded, vectors.numpy(), atol=1e-4)
    np.testing.assert_allclose(
        predictor.logits(*[encoded, encoded[::-1].copy()][: model.task.arity]), expected, atol=1e-4
    )
    assert np.ptp(expected, axis=0).max() > 1e-2, "all answers equal: the comparison would prove nothing"


def test_precisions_differ_but_little(bundle: Path, runtime: str) -> None:
    fp32, int8 = (Predictor(bundle, runtime=runtime, precision=name).encode(TEXTS) for name in ("fp32", "int8"))
    assert 0 < np.abs(fp32 - int8).max() < 0.1 * np.abs(fp32).max()


def test_threads_share_a_runtime(bundle: Path, runtime: str) -> None:
    predictor = Predictor(bundle, runtime=runtime)
    expected = predictor.encode(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: predictor.encode(TEXTS), range(8)))
    assert all(np.array_equal(answer, expected) for answer in answers)


def test_an_unknown_runtime_is_named(bundle: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'onnxruntime'"):
        Predictor(bundle, runtime="onnx-runtime")


def test_a_missing_openvino_says_what_to_install(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ConfigError, match=r"avatar-code\[openvino\]"):
        Predictor(bundle, runtime="openvino")


def test_torch_must_be_asked_for(bundle: Path) -> None:
    program = (
        "import sys\nfrom avatar.common.errors import ConfigError\nfrom avatar.serve import Predictor\n"
        "try:\n    Predictor(sys.argv[1], runtime='torch')\n"
        "except ConfigError as error:\n    assert 'import avatar.export' in str(error)\n    raise SystemExit(7)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(bundle)]).returncode == 7
