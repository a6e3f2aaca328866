"""Time and memory of each way to find clones: one process from its start to the scores of all pairs.

python benchmarks/clone_cost.py METHOD BUNDLE LANGUAGE FILE

runs one method of `clone_methods` on a JSON list of codes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
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
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    errors = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with the status {process.returncode}: {errors[-300:]}")
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    """Run one method on the codes of a file."""
    name, bundle, language, file = sys.argv[1:]
    codes = json.loads(Path(file).read_text(encoding="utf-8"))
    METHODS[name].load(Path(bundle))(codes, [language] * len(codes)).all_pairs(len(codes))


if __name__ == "__main__":
    main()
