"""A bundle runs where torch and transformers cannot be imported, and never tries to import them."""

import subprocess
import sys
from pathlib import Path

import pytest

from avatar.data.records import Task
from students import TEXTS, tiny_bundle, tiny_trial

HEAVY = ("torch", "transformers", "pytorch_lightning", "mlflow", "hydra", "omegaconf", "pandas", "onnx")

BLOCK = f"""
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY!r}:
            raise ImportError(f"{{name}} is blocked")

sys.meta_path.insert(0, Refuse())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("light") / "b", Task.FUNCTION, int8=tiny_trial(Task.FUNCTION)).folder


@pytest.mark.parametrize(
    "load",
    [
        "from avatar.serve import Predictor; student = Predictor(folder)",
        "from avatar.serve import Predictor; student = Predictor(folder, precision='int8')",
        "from avatar.serve import Student; student = Student.from_pretrained(folder)",
    ],
)
def test_predicts_with_torch_blocked(folder: Path, load: str) -> None:
    program = f"{BLOCK}folder, code = sys.argv[1:]\n{load}\nprint(student.label(student.predict([code]))[0])"
    answer = subprocess.run(
        [sys.executable, "-c", program, str(folder), TEXTS[0]], capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() in ("clean", "vulnerable")


@pytest.mark.parametrize("module", ["avatar.serve", "avatar.serve.cli", "avatar.serve.hub"])
def test_imports_neither_torch_nor_transformers(module: str) -> None:
    answer = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {module}"], capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in answer.stderr.splitlines()}
    assert "avatar" in imported
    assert not imported & set(HEAVY)
