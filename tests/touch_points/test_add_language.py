"""A language is two files: its declaration, and its program for the conformance suite. Nothing else is touched."""

import json
import shutil

from conftest import PROJECT, Scratch

DECLARATION = '''"""CUDA: C++ with kernels."""

from dataclasses import replace

from avatar.code.languages.base import register
from avatar.code.languages.cpp import CPP
from avatar.code.macros import hide_macros


def _hide(content: bytes) -> bytes:
    return hide_macros(content).replace(b"__global__", b" " * 10)


CUDA = register(
    replace(
        CPP, name="cuda", title="CUDA", suffixes=(".cu", ".cuh"), editor_ids=("cuda-cpp",), family="", hide_macros=_hide
    )
)
'''
SAMPLE = """from language_samples.base import BRACES, Sample

SAMPLE = Sample(
    "namespace n {\\n__global__ void add(float *a) { a[threadIdx.x] += 1; }\\n}\\n" + BRACES,
    [("n::add", 2, 2), ("total", 4, 11)],
)
"""
LOOK = """
import json
from pathlib import Path
from avatar.code.functions import functions_of
from avatar.code.languages import family, language_of_file, suffix_of_editor, titles
from avatar.code.rewrite import rewrites
from avatar.config.checks import CHECKS
from avatar.config.schema import Config
from avatar.serve.http.schemas import _NAME
from avatar.serve.scan.source_files import source_files
cfg = Config()
cfg.dataset.language = "cuda"
assert not [problem for check in CHECKS for problem in check(cfg) if "language" in problem]
Path("kernels").mkdir()
Path("kernels/a.cu").write_text("int f(int a) { return a; }")
print(json.dumps({
    "file": language_of_file("a.CUH"),
    "editor": suffix_of_editor("cuda-cpp"),
    "family": family("cuda"),
    "titles": "CUDA" in titles(),
    "http": ".cu" in _NAME.replace("[.]", "."),
    "scanned": [one.language for one in source_files(Path("kernels"))],
    "functions": [one.name for one in functions_of("int f(int a) { return a; }", "cuda").functions],
    "rewrites": sorted(rewrites("cuda")),
}))
"""


def test_a_language_is_one_file_and_one_sample(scratch: Scratch) -> None:
    for name in ("conformance/test_languages.py", "syntax.py"):
        (scratch.root / "tests" / "conformance").mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / "tests" / name, scratch.root / "tests" / name)
    shutil.copytree(
        PROJECT / "tests/conformance/language_samples",
        scratch.root / "tests/conformance/language_samples",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    scratch.write("tests/conftest.py", "")
    scratch.write("src/avatar/code/languages/cuda.py", DECLARATION)
    scratch.write("tests/conformance/language_samples/cuda.py", SAMPLE)

    looked = scratch.run("-c", LOOK)
    assert looked.returncode == 0, looked.stderr
    assert json.loads(looked.stdout) == {
        "file": "cuda",
        "editor": ".cu",
        "family": "cuda",
        "titles": True,
        "http": True,
        "scanned": ["cuda"],
        "functions": ["f"],
        "rewrites": ["dead_code", "reformat", "rename"],
    }

    helped = scratch.run("-m", "avatar.serve.cli", "scan", "--help")
    assert "cuda" in helped.stdout, helped.stderr

    passed = scratch.run("-m", "pytest", "tests/conformance/test_languages.py", "-q", "-p", "no:cacheprovider")
    assert passed.returncode == 0, passed.stdout
    assert "failed" not in passed.stdout
