"""Time and memory of each way to find clones: one process from its start to the scores of all pairs.

python benchmarks/clone_cost.py METHOD BUNDLE LANGUAGE FILE

runs one method of `clone_methods` on a JSON list of codes.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from clone_detectors import Detector, write_functions
from clone_methods import METHODS


def method_cost(name: str, bundle: Path, codes: Sequence[str], language: str) -> tuple[float, float]:
    """Seconds and MB (largest resident memory) of a process that loads a method and compares all pairs of `codes`."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "codes.json"
        file.write_text(json.dumps(list(codes)), encoding="utf-8")
        return process_cost([sys.executable, str(Path(__file__).resolve()), name, str(bundle), language, str(file)])


def detector_cost(detector: Detector, codes: Sequence[str], language: str) -> tuple[float, float]:
    """The same of a detector on a folder of `codes`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_functions(folder / "functions", dict(enumerate(codes)), language)
        return process_cost(detector.command(folder, language))


def process_cost(command: Sequence[str]) -> tuple[float, float]:
    """Seconds, and MB of the largest resident memory, of a process with its children. A failure is a RuntimeError."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", _LAUNCHER, *command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with the status {done.returncode}: {done.stderr[-300:]}")
    seconds, kilobytes = done.stdout.split()
    return float(seconds), int(kilobytes) / 1024


_LAUNCHER = """
import os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - start, usage.ru_maxrss)
sys.exit(bool(status))
"""
"""A small program that starts the process: until it is replaced, a new process has the memory of the one before."""


def main() -> None:
    """Run one method on the codes of a file."""
    name, bundle, language, file = sys.argv[1:]
    codes = json.loads(Path(file).read_text(encoding="utf-8"))
    METHODS[name].load(Path(bundle))(codes, [language] * len(codes)).all_pairs(len(codes))


if __name__ == "__main__":
    main()
