"""How many cores a process may use, whatever the machine has."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from avatar.bundle import Bundle, read_bundle
from avatar.common.cores import allowed_cores, thread_limits
from avatar.data.records import Task
from avatar.serve.runtimes import RUNTIMES, Runtime, load_runtime
from students import tiny_bundle

MINE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
MANY = 64


def system(root: Path, cgroup: str, files: dict[str, str]) -> Path:
    """A system with this /proc/self/cgroup and these files below /sys/fs/cgroup."""
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "cgroup").write_text(cgroup)
    for name, content in files.items():
        path = root / "sys" / "fs" / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.mark.parametrize(
    ("cgroup", "files", "cores"),
    [
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "5000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "max 100000\n"}, MANY),
        ("0::/\n", {}, MANY),
        ("0::/a.slice/b.scope\n", {"a.slice/b.scope/cpu.max": "max 100000\n", "a.slice/cpu.max": "300000 100000\n"}, 3),
        ("0::/a/b\n", {"a/b/cpu.max": "400000 100000\n", "a/cpu.max": "300000 100000\n", "cpu.max": "max 1\n"}, 3),
        # a container that sees its own group as the root, and the host's name of it
        ("0::/docker/1234\n", {"cpu.max": "100000 100000\n"}, 1),
        (
            "9:cpuset:/x\n4:cpu,cpuacct:/x\n",
            {"cpu,cpuacct/x/cpu.cfs_quota_us": "250000\n", "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n"},
            3,
        ),
        (
            "1:cpu:/docker/1234\n0::/\n",
            {"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "50000\n"},
            2,
        ),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "50000\n"}, MANY),
        ("no sense\n0::/../..\n", {"cpu.max": "nor this\n"}, MANY),
        ("0::/\n", {"cpu.max": "100000 0\n"}, MANY),
    ],
)
def test_a_quota_counts(tmp_path: Path, cgroup: str, files: dict[str, str], cores: int) -> None:
    assert allowed_cores(system(tmp_path, cgroup, files), {}, MANY) == cores


def test_a_system_without_groups_has_no_quota(tmp_path: Path) -> None:
    assert allowed_cores(tmp_path, {}, MANY) == MANY


@pytest.mark.parametrize(("given", "cores"), [("4", 4), ("1", 1), ("128", MANY), ("0", MANY), ("x", MANY), ("", MANY)])
def test_slurm_says_how_many_a_task_has(tmp_path: Path, given: str, cores: int) -> None:
    assert allowed_cores(tmp_path, {"SLURM_CPUS_PER_TASK": given}, MANY) == cores


def test_the_least_counts(tmp_path: Path) -> None:
    root = system(tmp_path, "0::/\n", {"cpu.max": "300000 100000\n"})
    assert allowed_cores(root, {"SLURM_CPUS_PER_TASK": "2"}, MANY) == 2
    assert allowed_cores(root, {"SLURM_CPUS_PER_TASK": "5"}, MANY) == 3
    assert allowed_cores(root, {}, 1) == 1


def test_libraries_are_told_what_they_do_not_find_out(tmp_path: Path) -> None:
    root = system(tmp_path, "0::/\n", {"cpu.max": "300000 100000\n"})
    limits = thread_limits(root, {"OMP_NUM_THREADS": "1"}, MANY)
    assert set(limits.values()) == {"3"}
    assert {"OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "LOKY_MAX_CPU_COUNT"} <= limits.keys()
    assert "OMP_NUM_THREADS" not in limits  # the user said so
    assert thread_limits(root, {}, 3) == {}


def limited(program: str, *arguments: str, **variables: str) -> list[str]:
    """What a program prints that may use one core."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    answer = subprocess.run(
        ["taskset", "-c", str(min(os.sched_getaffinity(0))), sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env=kept | variables,
    )
    return answer.stdout.split()


needs_two_cores = pytest.mark.skipif(MINE < 2 or not Path("/usr/bin/taskset").exists(), reason="needs two cores")


@needs_two_cores
def test_a_process_that_is_kept_to_a_core_has_one() -> None:
    assert limited("from avatar.common.cores import allowed_cores; print(allowed_cores())") == ["1"]


@needs_two_cores
def test_training_takes_the_allowed_cores() -> None:
    program = (
        "import sys; from avatar.app import _prepare; from avatar.config.schema import Config; import torch\n"
        "cfg = Config(); cfg.executor.jobs = int(sys.argv[1]); _prepare(cfg); print(torch.get_num_threads())"
    )
    assert limited(program, "1") == ["1"]
    assert limited(program, "2") == ["1"]


def test_training_in_a_task_of_slurm_takes_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from avatar.app import _prepare
    from avatar.config.schema import Config

    before = torch.get_num_threads()
    monkeypatch.setattr("avatar.common.cores._visible", lambda: MANY)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "4")
    cfg = Config()
    try:
        cfg.executor.jobs = 2
        _prepare(cfg)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(MINE < 2 or not Path("/proc/self/task").exists(), reason="needs two cores and /proc")
@pytest.mark.parametrize("module", ["avatar.serve.cli", "train"])
def test_libraries_start_no_more_threads_than_cores(module: str) -> None:
    """numpy's pool of threads starts when it is imported, and knows nothing of SLURM or quotas."""
    program = f"import {module}, numpy, os; print(len(os.listdir('/proc/self/task')))"
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    root = Path(__file__).resolve().parents[2]
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env=kept | {"SLURM_CPUS_PER_TASK": "1"},
    )
    assert answer.stdout.split() == ["1"]


def test_a_server_takes_the_allowed_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fastapi")
    import anyio
    from anyio.to_thread import current_default_thread_limiter

    from avatar.serve.http.application import make_app
    from avatar.serve.scan.student import LazyStudent

    app = make_app(LazyStudent(tiny_bundle(tmp_path / "bundle", Task.FUNCTION).folder, 1))
    monkeypatch.setattr("avatar.common.cores._visible", lambda: MANY)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "5")

    async def tokens() -> float:
        async with app.router.lifespan_context(app):
            return current_default_thread_limiter().total_tokens

    assert anyio.run(tokens) == 5


def test_zero_threads_of_a_runtime_are_the_allowed_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """onnxruntime's own 0 counts the machine's cores, and binds a thread to each."""
    bundle = read_bundle(tiny_bundle(tmp_path / "bundle", Task.FUNCTION).folder)
    asked: list[int] = []
    real = RUNTIMES.get("onnxruntime")

    def spy(bundle: Bundle, precision: str | None, threads: int) -> Runtime:
        asked.append(threads)
        return real(bundle, precision, threads)

    monkeypatch.setitem(RUNTIMES._entries, "onnxruntime", spy)
    monkeypatch.setattr("avatar.common.cores._visible", lambda: MANY)
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    for threads in (0, 1, 2):
        load_runtime("onnxruntime", bundle, None, threads)
    assert asked == [3, 1, 2]


def test_nobody_counts_the_machine_s_cores() -> None:
    """Whoever asks os.cpu_count() takes cores that others own; only the name of a machine may say them."""
    root = Path(__file__).resolve().parents[2]
    asking = {
        file.relative_to(root).as_posix()
        for folder in ("src", "benchmarks")
        for file in (root / folder).rglob("*.py")
        if re.search(r"\bcpu_count\b", file.read_text(encoding="utf-8"))
    }
    assert asking == {"src/avatar/common/cores.py"}
