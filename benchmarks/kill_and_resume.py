"""Kills a first run with SIGKILL at many points, and checks that each resumed job has the same result.

    python benchmarks/kill_and_resume.py [--kills 200] [--minutes 30] [--folder FOLDER]

A tiny job runs once undisturbed. Then, for each point, it is started in a new folder, killed, and started again. The
points are spread over all stages, and over the time of each stage. The second start must end well and have the same
student and the same metrics, except for measured times. MLflow must have one finished run of the job.
"""

import argparse
import hashlib
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from killed_job import Ended, child, composed, preload, write_data, write_teacher

TIMES = ("latency/", "energy/", "size/bundle_mb", "train/seconds")
"""Metrics that are measured times, or depend on them: the bundle's model card shows times."""
CARD = ("README.md", "manifest.json")
"""Files of a bundle that have times, or digests of times."""
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Result:
    """What must be equal: the student's files, by digest; the metrics; the runs, by name, with their status."""

    student: dict[str, str]
    metrics: dict[str, float]
    runs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, folder: Path) -> "Result":
        """The result of the job in `folder`."""
        bundle = folder / "out" / "bundle"
        student = {
            path.relative_to(bundle).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(bundle.rglob("*"))
            if path.is_file() and path.name not in CARD
        }
        assert (folder / "out" / "report.html").stat().st_size > 1000
        with closing(sqlite3.connect(folder / "mlflow.db")) as store:
            jobs = store.execute("SELECT run_uuid FROM tags WHERE key = 'stage' AND value = 'job'").fetchall()
            names = store.execute("SELECT name, status FROM runs ORDER BY name").fetchall()
            metrics = store.execute(
                "SELECT key, value FROM latest_metrics WHERE run_uuid = ?", (jobs[0][0] if jobs else "",)
            ).fetchall()
        kept = {key: value for key, value in metrics if not key.startswith(TIMES)}
        assert len(jobs) == 1, f"{len(jobs)} runs of the job"
        assert kept, "no metrics"
        return cls(
            student, kept, tuple((name.rsplit(" ", 1)[0] if "seed" in name else name, end) for name, end in names)
        )

    def differences(self, other: "Result") -> list[str]:
        """How `other` differs, one line each."""
        lines = [
            f"student: {name} differs"
            for name in sorted(self.student.keys() | other.student.keys())
            if self.student.get(name) != other.student.get(name)
        ]
        for name in sorted(self.metrics.keys() | other.metrics.keys()):
            first, second = self.metrics.get(name), other.metrics.get(name)
            if first is None or second is None or not abs(first - second) <= TOLERANCE:
                lines.append(f"metric {name}: {first} and {second}")
        if self.runs != other.runs:
            lines.append(f"runs: {self.runs} and {other.runs}")
        return lines


def points(undisturbed: Ended, kills: int) -> list[tuple[int, float]]:
    """(step, seconds after its beginning) of each kill: half of them evenly by stage, half evenly by time.

    They are in a random order, so that the first ones are spread over the whole job too.
    """
    steps = undisturbed.steps
    ends = [*(step.at for step in steps[1:]), undisturbed.seconds]
    seconds = [end - step.at for step, end in zip(steps, ends, strict=True)]
    of_stage: dict[str, list[int]] = {}
    for number, step in enumerate(steps):
        of_stage.setdefault(step.name, []).append(number)
    by_time = {name: sum(seconds[number] for number in numbers) / sum(seconds) for name, numbers in of_stage.items()}
    wanted = {name: kills * (0.5 / len(of_stage) + 0.5 * share) for name, share in by_time.items()}
    chosen, owed = [], 0.0
    for name, numbers in of_stage.items():
        owed += wanted[name]
        count, total = int(owed + 1e-9), sum(seconds[number] for number in numbers)
        owed -= count
        for index in range(count):
            left = total * (index + 0.5) / count
            for number in numbers:
                if left <= seconds[number] or number == numbers[-1]:
                    chosen.append((number, min(left, seconds[number])))
                    break
                left -= seconds[number]
    random.Random(0).shuffle(chosen)
    return chosen


def tried(config: object, folder: Path, point: tuple[int, float], expected: Result) -> tuple[str, float, list[str]]:
    """Kill a first run at a point, and run it again; where it was killed, seconds of the processor, differences."""
    killed = child(config, folder, point)  # type: ignore[arg-type]
    while killed.status == 0:  # the job was faster than the undisturbed one, and had ended: kill another one earlier
        shutil.rmtree(folder)
        point = point[0], point[1] / 2
        killed = child(config, folder, point)  # type: ignore[arg-type]
    stage = killed.steps[-1].name
    if killed.status != -9:
        return stage, killed.cpu, [f"the first start ended with {killed.status}", *_last_lines(folder / "log.txt")]
    resumed = child(config, folder)  # type: ignore[arg-type]
    cpu = killed.cpu + resumed.cpu
    if resumed.status != 0:
        return stage, cpu, [f"the second start ended with {resumed.status}", *_last_lines(folder / "log.txt")]
    try:
        return stage, cpu, expected.differences(Result.of(folder))
    except (AssertionError, OSError, sqlite3.Error) as error:
        return stage, cpu, [f"no result: {error}"]


def _last_lines(path: Path, count: int = 15) -> Sequence[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]


def main() -> int:
    """Run all kills; the exit status is 1 if any resumed job differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="start no further kill after this time")
    parser.add_argument("--folder", type=Path, help="where the jobs run (default: a temporary folder)")
    arguments = parser.parse_args()
    folder = (arguments.folder or Path(tempfile.mkdtemp(prefix="avatar-kills-"))).resolve()
    config = composed(write_data(folder / "data"), write_teacher(folder / "teacher"))
    first = child(config, folder / "first")
    if first.status:
        print("\n".join(_last_lines(folder / "first" / "log.txt", 40)))
        return 1
    preload(folder / "first")
    undisturbed = child(config, folder / "undisturbed")
    expected = Result.of(folder / "undisturbed")
    differences = expected.differences(Result.of(folder / "first"))
    steps = ", ".join(f"{step.name} {step.at:.1f}" for step in undisturbed.steps)
    print(
        f"an undisturbed job takes {undisturbed.seconds:.1f} s ({undisturbed.cpu:.1f} s of the processor) and has "
        f"{len(expected.metrics)} metrics; its steps: {steps}",
        flush=True,
    )
    if differences:
        print("two undisturbed jobs differ:", *differences, sep="\n  ")
        return 1
    stages: Counter[str] = Counter()
    failures, cpu, start = 0, 0.0, time.monotonic()
    chosen = points(undisturbed, arguments.kills)
    for number, point in enumerate(chosen, start=1):
        if time.monotonic() - start > 60 * arguments.minutes:
            break
        below = folder / f"kill {number}"
        stage, used, differences = tried(config, below, point, expected)
        cpu += used
        stages[stage] += 1
        failures += bool(differences)
        text = "; ".join(differences) if differences else "same"
        print(f"{number}/{len(chosen)} {stage} + {point[1]:.2f} s: {text}", flush=True)
        if not differences:
            shutil.rmtree(below)
    seconds, done = time.monotonic() - start, max(1, stages.total())
    print(
        f"{stages.total()} of {len(chosen)} kills in {seconds:.0f} s, {seconds / done:.1f} s each "
        f"({cpu / done:.1f} s of the processor); {failures} differ"
    )
    print("killed in: " + ", ".join(f"{name} {count}" for name, count in stages.items()))
    if not failures and arguments.folder is None:
        shutil.rmtree(folder)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
