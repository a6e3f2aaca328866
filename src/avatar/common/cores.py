"""How many cores this process may use: those of the machine, less what the system or a scheduler keeps from it."""

import os
from collections.abc import Iterator, Mapping
from math import ceil
from pathlib import Path

_GROUPS = "sys/fs/cgroup"
_POOLS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
"""Variables by which the libraries that come along size their pools of threads or processes."""


def allowed_cores(
    root: Path = Path("/"), environment: Mapping[str, str] | None = None, visible: int | None = None
) -> int:
    """Cores for the threads of this process, at least 1.

    The least of: the cores that it may run on (affinity, cpuset, taskset), the quota of its control groups (as
    containers have one; a part of a core counts as one), and what SLURM gave the task. `root`, `environment` and
    `visible` stand for the system's own.
    """
    environment = os.environ if environment is None else environment
    limits = [_visible() if visible is None else visible, *_quotas(root)]
    given = environment.get("SLURM_CPUS_PER_TASK", "")
    if given.isascii() and given.isdecimal() and int(given) > 0:
        limits.append(int(given))
    return max(1, min(limits))


def thread_limits(
    root: Path = Path("/"), environment: Mapping[str, str] | None = None, visible: int | None = None
) -> dict[str, str]:
    """Variables for libraries that know of affinity but not of quotas and schedulers; what is set already stays.

    To be set before numpy is imported. Empty where the libraries find out themselves.
    """
    environment = os.environ if environment is None else environment
    visible = _visible() if visible is None else visible
    cores = allowed_cores(root, environment, visible)
    return {} if cores >= visible else {name: str(cores) for name in _POOLS if name not in environment}


def described_cores() -> str:
    """Cores for a table: how many may be used, and of how many where these are fewer than all."""
    cores, all_ = allowed_cores(), os.cpu_count() or 1
    return f"{cores} cores" if cores >= all_ else f"{cores} of {all_} cores"


def _visible() -> int:
    """Cores that the process may run on."""
    if hasattr(os, "process_cpu_count"):  # from Python 3.13 on
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[int]:
    """Quotas in cores of the process's control groups and of those above them, of both versions."""
    for line in _read(root / "proc" / "self" / "cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if number == "0" and not controllers:
            for folder in _upwards(root / _GROUPS, group):
                quota, _, period = _read(folder / "cpu.max").strip().partition(" ")
                yield from _cores(quota, period)
        elif "cpu" in controllers.split(","):
            for mount in dict.fromkeys((controllers, "cpu", "cpu,cpuacct")):
                for folder in _upwards(root / _GROUPS / mount, group):
                    yield from _cores(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _upwards(mount: Path, group: str) -> Iterator[Path]:
    """Folders of a group and of all above it; in a container, only the last may exist."""
    parts = [part for part in group.split("/") if part not in ("", ".", "..")]
    for length in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:length])


def _cores(quota: str, period: str) -> Iterator[int]:
    try:
        microseconds, of = int(quota), int(period)
    except ValueError:
        return  # "max", or no such file
    if microseconds > 0 and of > 0:
        yield ceil(microseconds / of)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
