"""The software bill of materials, and what `make audit` says."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import audit  # noqa: E402
import install  # noqa: E402
import lock  # noqa: E402
import sbom  # noqa: E402


def component(name: str) -> dict[str, str]:
    return {"name": name, "bom-ref": f"line-{name}", "description": f"{name}==1 --hash=x"}


def test_the_bill_says_what_is_required_and_who_needs_what() -> None:
    bom = {"components": [component(name) for name in ("numpy", "Torch", "sympy", "tqdm")], "dependencies": []}
    known = {"numpy": set(), "torch": {"sympy", "numpy"}, "tqdm": set()}
    done = sbom.completed(bom, {"numpy", "torch", "tqdm"}, {"numpy", "tqdm"}, known)
    assert [(one["name"], one["scope"]) for one in done["components"]] == [
        ("numpy", "required"),
        ("Torch", "optional"),
        ("sympy", "optional"),
        ("tqdm", "required"),
    ]
    assert all("description" not in one for one in done["components"])
    assert done["dependencies"] == [
        {"ref": "line-Torch", "dependsOn": ["line-numpy", "line-sympy"]},
        {"ref": "line-numpy"},
        {"ref": "line-tqdm"},
        {"ref": "root-component", "dependsOn": ["line-Torch", "line-numpy", "line-tqdm"]},
    ]


@pytest.mark.skipif(importlib.util.find_spec("cyclonedx_py") is None, reason="an environment from before it was locked")
def test_the_bill_lists_every_locked_package_by_hash(tmp_path: Path) -> None:
    path = tmp_path / "dist" / "bom.json"
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "sbom.py"), str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    bom = json.loads(path.read_text())
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")
    assert bom["metadata"]["component"]["name"] == "avatar-code"
    locked = {
        lock.normal(re.split(r"==", entry)[0])
        for file in (install.RUN, install.CUDA)
        for entry in install.packages(file)
    }
    assert {lock.normal(one["name"]) for one in bom["components"]} == locked
    for one in bom["components"]:
        assert one["purl"].startswith("pkg:pypi/")
        assert any(reference.get("hashes") for reference in one["externalReferences"]), one["name"]
    scope = {one["name"]: one["scope"] for one in bom["components"]}
    assert (scope["numpy"], scope["torch"], scope["fastapi"]) == ("required", "optional", "optional")
    assert any("torch" in one["ref"] or len(one.get("dependsOn", ())) > 10 for one in bom["dependencies"])


FINE = {"name": "a", "version": "1", "vulns": []}
WRONG = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "status", "says"),
    [
        ([FINE], 0, "1 packages looked up, 0 with known vulnerabilities"),
        ([FINE, WRONG], 1, "b 2: PYSEC-1, fixed in 3"),
        ([FINE, SKIPPED], 2, "1 of 2 packages were not looked up: c"),
        ([WRONG, SKIPPED], 1, "1 of 2 packages were not looked up: c"),
        ([], 2, "0 packages looked up"),
    ],
)
def test_an_audit_that_looked_up_nothing_is_no_success(packages: list[dict], status: int, says: str) -> None:
    result, text = audit.report(packages)
    assert result == status
    assert says in text


def test_the_release_target_writes_the_bill() -> None:
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    release = rules.split("\nrelease:")[1].split("\n\n")[0]
    assert "tools/sbom.py dist/" in release
