"""What the plain installation costs, and how fast it scans: a new environment, the wheel, and `avatar scan`.

The first table is the installed size of each package. The second has two rows for each `--path`: a first scan, and one
with nothing changed, each the median of `--runs`. CPU is that of all processes; memory is the largest sum of the
proportional set sizes of the processes at one time (Linux). Other work on the machine makes seconds longer than CPU
seconds: the load is printed. Run by `make bench-install`.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from avatar.common.cores import described_cores

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ("pip", "setuptools", "wheel")
NOT_COUNTED = ("numpy", "onnxruntime")
"""The issue's limit is for what is installed beside these."""
SIZES = """
import json
from importlib import metadata
print(json.dumps({
    one.name: sum(file.locate().stat().st_size for file in one.files or [] if file.locate().is_file())
    for one in metadata.distributions()
}))
"""
ENCODING = """
import sys, time
from pathlib import Path
from avatar.serve import Student
from avatar.serve.scan.outline import outline
from avatar.serve.scan.source_files import SourceFile, read_source, source_files
student = Student.default()
texts, languages = [], []
for file in source_files(Path(sys.argv[1])):
    if isinstance(file, SourceFile) and len(texts) < 20_000 and isinstance(read := read_source(file), tuple):
        found, text_of = outline(file.name, read[0], file.language, student.config.text)
        large = [one for one in found.locations if one.code_lines >= 5 and one.words >= 20]
        texts += [text_of[one.key] for one in large]
        languages += [file.language] * len(large)
start = time.process_time()
student.encode_texts(texts, languages)
print(len(texts) / (time.process_time() - start))
"""


@dataclass(frozen=True)
class Scan:
    """Measurements of one scan; memory in bytes."""

    seconds: float
    cpu_seconds: float
    memory: int
    functions: int
    findings: int


def main() -> None:
    """Install, measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--path", type=Path, nargs="+", default=[Path(sysconfig.get_path("purelib"))])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--environment", type=Path, help="an environment with avatar, instead of a new one")
    options = parser.parse_args()
    print(f"{platform.machine()}, {described_cores()}, load {os.getloadavg()[0]:.1f}, median of {options.runs} runs\n")
    with tempfile.TemporaryDirectory() as folder:
        environment = options.environment or _installed(Path(folder))
        _print_sizes(environment)
        print("\n| path | functions | groups | encoded/s, one core | scan | s | CPU s | functions/s | MB |")
        print("|---|---|---|---|---|---|---|---|---|")
        for path in options.path:
            _print_scans(environment, path, options.runs, Path(folder))
    print(f"\nload at the end: {os.getloadavg()[0]:.1f}")


def _installed(folder: Path) -> Path:
    """A new environment with the wheel of this folder, and what it asks for."""
    wheels, environment = folder / "wheels", folder / "v"
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(wheels), ROOT]
    subprocess.run(command, check=True)
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    subprocess.run([environment / "bin" / "pip", "install", "-q", *wheels.glob("*.whl")], check=True)
    return environment


def _print_sizes(environment: Path) -> None:
    answer = subprocess.run([environment / "bin" / "python", "-c", SIZES], check=True, capture_output=True, text=True)
    sizes = {name: size for name, size in json.loads(answer.stdout).items() if name not in TOOLS}
    print("| package | MB |\n|---|---|")
    for name, size in sorted(sizes.items(), key=lambda one: -one[1]):
        print(f"| {name} | {size / 1e6:.1f} |")
    counted = sum(size for name, size in sizes.items() if name not in NOT_COUNTED)
    print(f"| all but {' and '.join(NOT_COUNTED)} | {counted / 1e6:.1f} |")


def _print_scans(environment: Path, path: Path, runs: int, folder: Path) -> None:
    rows: dict[str, list[Scan]] = {"first": [], "second": []}
    for _ in range(runs):
        cache = folder / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        for kind in rows:
            rows[kind].append(_scan(environment, path, cache))
    command = [environment / "bin" / "python", "-c", ENCODING, str(path)]
    encoded = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    for kind, scans in rows.items():
        seconds, cpu = (statistics.median(getattr(one, name) for one in scans) for name in ("seconds", "cpu_seconds"))
        functions, memory = scans[0].functions, max(one.memory for one in scans)
        print(
            f"| {path.name} | {functions:,} | {scans[0].findings:,} | {encoded:,.0f} | {kind} | {seconds:.2f} "
            f"| {cpu:.2f} | {functions / seconds:,.0f} | {memory / 1e6:.0f} |",
            flush=True,
        )
    ratio = [statistics.median(one.cpu_seconds for one in scans) for scans in rows.values()]
    print(f"| | | | | first / second | | {ratio[0] / ratio[1]:.1f} | | |", flush=True)


def _scan(environment: Path, path: Path, cache: Path) -> Scan:
    """One run of the command, with its cache below `cache`."""
    output = cache / "report.json"
    cache.mkdir(parents=True, exist_ok=True)
    command = [environment / "bin" / "avatar", "scan", path, "--quiet", "--format", "json", "--output", output]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    start = time.perf_counter()
    process = subprocess.Popen(command, env=kept | {"XDG_CACHE_HOME": str(cache)}, stderr=subprocess.DEVNULL)
    peaks = [0]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            peaks.append(_memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    ended.set()
    watcher.join()
    if status:
        sys.exit(f"the scan of {path} failed")
    report = json.loads(output.read_text(encoding="utf-8"))
    return Scan(
        seconds,
        usage.ru_utime + usage.ru_stime,
        max(*peaks, usage.ru_maxrss * 1024),
        report["counts"]["functions"],
        len(report["findings"]),
    )


def _memory(pid: int) -> int:
    """Proportional set size of a process and its children, in bytes; 0 if the system does not say."""
    total = 0
    with suppress(OSError, ValueError, IndexError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii", errors="replace")
        total += 1024 * int(text.partition("\nPss:")[2].split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        total += sum(_memory(int(child)) for child in children)
    return total


if __name__ == "__main__":
    main()
