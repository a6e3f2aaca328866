"""The lock files: they hold what pyproject.toml asks for, by hash, and each only what it is for."""

import os
import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import install  # noqa: E402
import lock  # noqa: E402

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
ENVIRONMENTS = [
    default_environment() | {"python_version": python, "python_full_version": f"{python}.0"}
    for python in ("3.11", "3.12", "3.13", "3.14")
]


def pins(path: Path) -> dict[str, tuple[Requirement, list[str]]]:
    """The requirement and the hashes of each package of a lock, by normalised name."""
    found = {}
    for entry in install.packages(path):
        line, *hashes = entry.replace("\\\n", "").split(" --hash=")
        requirement = Requirement(line.strip())
        found[lock.normal(requirement.name)] = (requirement, [one.strip() for one in hashes])
    return found


def version_of(requirement: Requirement) -> str:
    (specifier,) = requirement.specifier
    assert specifier.operator == "=="
    return specifier.version


LOCKS = {path.name: pins(path) for path in (install.RUN, install.CUDA, install.DEV)}
RUN, CUDA, DEV = LOCKS.values()


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_by_version_and_hashes(name: str) -> None:
    assert LOCKS[name]
    for requirement, hashes in LOCKS[name].values():
        version_of(requirement)
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes), requirement


@pytest.mark.parametrize("path", [install.RUN, install.CUDA, install.DEV], ids=lambda path: path.name)
def test_no_lock_names_where_packages_come_from(path: Path) -> None:
    assert not re.search(r"://|--index-url|--extra-index|--find-links|@ ", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda values: values["python_version"])
@pytest.mark.parametrize("part", ["base", *lock.RUN_EXTRAS, *lock.DEV_EXTRAS])
def test_pins_satisfy_pyproject(part: str, environment: dict[str, str]) -> None:
    known = RUN | DEV if part in lock.DEV_EXTRAS else RUN
    for line in PROJECT["dependencies"] if part == "base" else EXTRAS[part]:
        wanted = Requirement(line)
        requirement, _ = known[lock.normal(wanted.name)]
        assert wanted.specifier.contains(version_of(requirement), prereleases=True), (line, str(requirement))
        assert requirement.marker is None or requirement.marker.evaluate(environment)


def test_the_locks_share_no_package() -> None:
    assert not set(RUN) & set(DEV)
    assert not set(RUN) & set(CUDA)
    assert not set(DEV) & set(CUDA)


def test_what_only_developers_need_is_not_installed_to_run() -> None:
    for line in EXTRAS["dev"]:
        name = lock.normal(Requirement(line).name)
        asked = {lock.normal(Requirement(other).name) for part in lock.RUN_EXTRAS for other in EXTRAS[part]}
        # mlflow, for one, brings httpx2 with it
        needed = any(lock.normal(Requirement(want).name) == name for package in RUN for want in requires(package))
        assert (name in RUN) == (needed or name in asked), name
    for name in ("playwright", "pytest", "ruff", "mypy", "ipykernel"):
        assert name in DEV


def requires(package: str) -> list[str]:
    """What an installed package asks for here, without its extras; nothing where it is not installed here."""
    try:
        wanted = metadata.requires(package) or []
    except metadata.PackageNotFoundError:
        return []
    return [line for line in wanted if (marker := Requirement(line).marker) is None or marker.evaluate({"extra": ""})]


def test_what_installed_packages_ask_for_is_in_the_locks() -> None:
    """`--no-deps` installs what the locks name: a package that they forget is missing where it is first imported."""
    known = RUN | CUDA | DEV
    for package in RUN | DEV:
        for line in requires(package):
            assert lock.normal(Requirement(line).name) in known, f"{package} needs {line}"


def test_torch_finds_its_cuda_libraries_in_a_lock() -> None:
    assert {"nvidia-cudnn-cu13", "nvidia-nccl-cu13", "triton", "cuda-toolkit", "nvidia-cublas"} <= set(CUDA)
    for requirement, _ in CUDA.values():
        for environment in ENVIRONMENTS:
            linux = environment | {"sys_platform": "linux", "platform_machine": "x86_64"}
            assert requirement.marker is not None
            assert requirement.marker.evaluate(linux), requirement
            assert not requirement.marker.evaluate(environment | {"sys_platform": "darwin"}), requirement


def test_torch_may_be_the_index_build_or_pytorchs_cpu_build() -> None:
    requirement, hashes = RUN["torch"]
    version = version_of(requirement)
    table = [line.split() for line in lock.TORCH_CPU.read_text(encoding="utf-8").splitlines()]
    cpu = {f"sha256:{digest}": file for digest, file in table}
    pythons = {file.split("-")[2] for file in cpu.values() if file.startswith(f"torch-{version}+cpu-")}
    assert pythons == {"cp311", "cp312", "cp313", "cp314"}
    assert set(cpu) <= set(hashes)
    assert set(hashes) - set(cpu)


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        (["filelock", "nvidia-cudnn-cu13==9.20.0.48; platform_system == 'Linux'"], True),
        (["cuda-bindings>=13", "filelock"], True),
        (["filelock", "sympy>=1.13.3"], False),
        (None, False),
    ],
)
def test_cuda_is_installed_where_this_torch_asks_for_it(
    requires: list[str] | None, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install.metadata, "requires", lambda name: requires)
    monkeypatch.setattr(install.sys, "platform", "linux")
    assert install.needs_cuda() == expected


def test_torch_comes_from_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    torch = [entry for entry in install.packages(install.RUN) if entry.startswith("torch==")]
    monkeypatch.setenv("TORCH_FROM", "a folder")
    assert install.torch_source(torch) == "a folder"
    monkeypatch.delenv("TORCH_FROM")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert install.torch_source(torch) is None


UV = """\
# a comment
app==1 \\
    --hash=sha256:aa
    # via avatar-code (pyproject.toml)
nvidia-x==2 ; sys_platform == 'linux' \\
    --hash=sha256:bb
    # via cuda-y, torch
cuda-y==3 \\
    --hash=sha256:cc
    # via torch
nvidia-ml-py==4 \\
    --hash=sha256:dd
    # via app
torch==2.13.0 \\
    --hash=sha256:ee
    # via avatar-code (pyproject.toml), app
Tool_Z==5 \\
    --hash=sha256:ff
    # via avatar-code (pyproject.toml)
"""


def test_one_resolution_is_split_by_who_needs_what() -> None:
    parts = lock.split(lock.entries(UV), {"app", "torch"})
    names = {path: [entry.name for entry in part] for path, part in parts.items()}
    assert names[lock.RUN] == ["app", "nvidia-ml-py", "torch"]
    assert names[lock.CUDA] == ["cuda-y", "nvidia-x"]
    assert names[lock.DEV] == ["tool-z"]
    assert parts[lock.CUDA][1].text == "nvidia-x==2 ; sys_platform == 'linux' \\\n    --hash=sha256:bb\n"


def test_a_torch_whose_cpu_builds_are_unknown_is_refused() -> None:
    torch = lock.entries(UV)["torch"]
    assert lock.with_cpu_builds(torch, "99  torch-2.13.0+cpu-cp311-x.whl\n").text.endswith("--hash=sha256:99\n")
    with pytest.raises(SystemExit, match=r"no CPU build of torch 2\.13\.0"):
        lock.with_cpu_builds(torch, "99  torch-2.14.0+cpu-cp311-x.whl\n")


def test_every_workflow_uses_the_lock_that_it_needs() -> None:
    rules = dict(re.findall(r"^([a-z-]+): (\S+).* ## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {rules[name] for name in ("setup", "demo", "train", "ui")} == {"$(VENV)/.run"}
    assert {rules[name] for name in ("dev", "test", "test-all", "lint", "format")} == {"$(VENV)/.dev"}
