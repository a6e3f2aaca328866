"""How many cores this process may use: the cores of the machine, within the limits of the system or a scheduler."""

import os
from collections.abc import Iterator, Mapping
from math import ceil
from pathlib import Path

_GROUPS = "sys/fs/cgroup"
POOL_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
)
"""Environment variables from which libraries take the size of their pools of threads or processes."""


def allowed_cores(
    root: Path = Path("/"), environment: Mapping[str, str] | None = None, visible: int | None = None
) -> int:
    """Cores for the threads of this process, at least 1.

    The smallest of: the cores that it may run on (affinity, cpuset, taskset), the quota of its control groups (set for
    containers, rounded up), and the cores that SLURM gave the task. `root`, `environment` and `visible` replace those
    of the system in tests.
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
    """Environment variables for libraries that know affinity, but not quotas and schedulers.

    Set them before numpy is imported. Variables that are set already are left out. Empty if affinity is the only limit.
    """
    environment = os.environ if environment is None else environment
    visible = _visible() if visible is None else visible
    cores = allowed_cores(root, environment, visible)
    return {} if cores >= visible else {name: str(cores) for name in POOL_VARIABLES if name not in environment}


def described_cores() -> str:
    """Text for a table: the number of allowed cores, and of all cores if there are more."""
    cores, all_ = allowed_cores(), os.cpu_count() or 1
    return f"{cores} core{'s' * (cores > 1)}" if cores >= all_ else f"{cores} of {all_} cores"


def _visible() -> int:
    """Number of cores that the process may run on."""
    if hasattr(os, "process_cpu_count"):  # from Python 3.13 on
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[int]:
    """Quotas, in cores, of the process's control groups and their parents, for both versions of control groups."""
    for line in _read(root / "proc" / "self" / "cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if number == "0" and not controllers:
            for folder in _parents(root / _GROUPS, group):
                quota, _, period = _read(folder / "cpu.max").strip().partition(" ")
                yield from _cores(quota, period)
        elif "cpu" in controllers.split(","):
            for mount in dict.fromkeys((controllers, "cpu", "cpu,cpuacct")):
                for folder in _parents(root / _GROUPS / mount, group):
                    yield from _cores(_read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us"))


def _parents(mount: Path, group: str) -> Iterator[Path]:
    """Folders of a group and its parents; in a container, perhaps only the last one exists."""
    parts = [part for part in group.split("/") if part not in ("", ".", "..")]
    for length in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:length])


def _cores(quota: str, period: str) -> Iterator[int]:
    try:
        used, length = int(quota), int(period)
    except ValueError:
        return  # "max" means no quota; "" means no such file
    if used > 0 and length > 0:
        yield ceil(used / length)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
