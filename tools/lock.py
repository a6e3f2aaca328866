"""Write the lock files from pyproject.toml: `make lock`, with ARGS="--upgrade" or ARGS="--upgrade-package NAME".

One resolution for every platform and Python gives three files that share no package:
`requirements.lock` (to run), `requirements-cuda.lock` (what torch needs where it is a CUDA build) and
`requirements-dev.lock` (to test and develop, on top of the first).
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUN, CUDA, DEV = (ROOT / f"requirements{part}.lock" for part in ("", "-cuda", "-dev"))
RUN_EXTRAS = ("hub", "onnx", "serve", "train")
DEV_EXTRAS = ("dev",)
TORCH_CPU = ROOT / "tools" / "torch_cpu.sha256"
CUDA_NAME = re.compile(r"(nvidia|cuda)-|triton$")
HEADERS = {
    RUN: "to run Avatar (the extras hub, onnx, serve and train)",
    CUDA: "what torch needs beside requirements.lock where it is a CUDA build: the default on Linux",
    DEV: "to test and develop Avatar, on top of requirements.lock",
}


@dataclass(frozen=True)
class Entry:
    """One package of a lock file: its requirement with hashes, as text, and the packages that need it."""

    name: str
    text: str
    parents: frozenset[str]


def entries(lock: str) -> dict[str, Entry]:
    """The packages of a lock file written by uv with `--annotation-style line`, by normalised name."""
    packages = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock):
        if match := re.match(r"([A-Za-z0-9._-]+)==", block):
            text, _, via = block.partition("    # via ")
            parents = (re.split(r"[ \[]", parent.strip())[0] for parent in via.split(","))
            packages[normal(match[1])] = Entry(normal(match[1]), text.rstrip() + "\n", frozenset(map(normal, parents)))
    return packages


def normal(name: str) -> str:
    """A package's normalised name, as package indexes compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def direct(pyproject: str, extras: tuple[str, ...]) -> set[str]:
    """Names of the packages in pyproject.toml: the base dependencies and `extras`."""
    project = tomllib.loads(pyproject)["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return {normal(re.split(r"[\[ <>=!~;]", line)[0]) for line in lines}


def split(lock: dict[str, Entry], run_roots: set[str]) -> dict[Path, list[Entry]]:
    """The packages of each file: those that `run_roots` need, those that only torch needs for CUDA, and the rest."""
    run = _closure(lock, run_roots, skip=lambda parent, name: parent == "torch" and bool(CUDA_NAME.match(name)))
    cuda = _closure(lock, {"torch"}) - run
    parts = {RUN: run, CUDA: cuda, DEV: set(lock) - run - cuda}
    return {path: [lock[name] for name in sorted(names)] for path, names in parts.items()}


def _closure(lock: dict[str, Entry], roots: set[str], skip=lambda parent, name: False) -> set[str]:
    names, waiting = set(), set(roots)
    while waiting:
        parent = waiting.pop()
        names.add(parent)
        waiting |= {
            entry.name
            for entry in lock.values()
            if parent in entry.parents and entry.name not in names and not skip(parent, entry.name)
        }
    return names


def with_cpu_builds(torch: Entry, table: str) -> Entry:
    """`torch` with the hashes of PyTorch's CPU builds of this version too; they are not on the package index."""
    version = re.match(r"torch==([0-9.]+)", torch.text)[1]
    hashes = [line.split()[0] for line in table.splitlines() if f" torch-{version}+cpu-" in line]
    if not hashes:
        sys.exit(f"{TORCH_CPU} has no CPU build of torch {version}: add its lines from PyTorch's list of CPU wheels")
    more = "".join(f" \\\n    --hash=sha256:{digest}" for digest in hashes)
    return Entry(torch.name, torch.text.rstrip() + more + "\n", torch.parents)


def resolve(uv: str, options: list[str]) -> str:
    """The lock file that uv resolves. Versions of the present files are kept, unless `options` change that."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.lock"
        path.write_text("".join(file.read_text() for file in HEADERS if file.is_file()))
        extras = [f"--extra={extra}" for extra in (*RUN_EXTRAS, *DEV_EXTRAS)]
        written = ["--generate-hashes", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
        written += ["--annotation-style=line", "--quiet", f"--output-file={path}"]
        universal = ["--universal", "--python-version=3.11"]
        command = [uv, "pip", "compile", "pyproject.toml", *extras, *universal, *written, *options]
        subprocess.run(command, cwd=ROOT, check=True)
        return path.read_text()


def main() -> None:
    """Resolve, split and write the lock files."""
    uv, *options = sys.argv[1:]
    lock = entries(resolve(uv, options))
    lock["torch"] = with_cpu_builds(lock["torch"], TORCH_CPU.read_text())
    for path, part in split(lock, direct((ROOT / "pyproject.toml").read_text(), RUN_EXTRAS)).items():
        head = f"# Written by `make lock` from pyproject.toml; not by hand. {len(part)} packages, {HEADERS[path]}.\n"
        path.write_text(head + "".join(entry.text for entry in part))
        print(f"{path.name}: {len(part)} packages")


if __name__ == "__main__":
    main()
