"""What users may import is there, is light, and is written down."""

import subprocess
import sys
from pathlib import Path

import avatar

PROJECT = Path(__file__).parents[1]


def test_every_public_name_is_there() -> None:
    for name in avatar.__all__:
        assert getattr(avatar, name) is not None
        assert name in dir(avatar)


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ("torch", "onnxruntime", "huggingface_hub", "hydra")
    code = f"import sys, avatar; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_a_wrong_name_is_an_attribute_error() -> None:
    assert not hasattr(avatar, "Studnet")


def test_the_version_is_that_of_the_changelog() -> None:
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## Unreleased" in text
    assert f"## {avatar.__version__}" in text
    assert f"version: {avatar.__version__}" in (PROJECT / "CITATION.cff").read_text(encoding="utf-8")
