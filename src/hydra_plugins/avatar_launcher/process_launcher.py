"""Runs the jobs of a sweep in parallel. If the process of a job is killed, the others go on, and the job runs again.

Hydra's own launcher for joblib has one pool of processes: if one of them is killed (as the system does if memory is
short), joblib ends all others. Here each process is a pool of its own.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.plugins.launcher import Launcher

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from hydra.core.utils import JobReturn
    from hydra.types import HydraContext, TaskFunction
    from omegaconf import DictConfig

log = logging.getLogger(__name__)


class ProcessLauncher(Launcher):
    """`n_jobs` processes; a job is started at most `starts` times."""

    def __init__(self, n_jobs: int, starts: int) -> None:
        self.n_jobs = n_jobs
        self.starts = starts

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what a job needs."""
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs with these overrides; returns their results, in this order.

        A job that fails, or that is lost too often, has its error as its result. A signal ends all jobs.
        """
        from hydra.core.singleton import Singleton
        from hydra.core.utils import configure_log, filter_overrides, setup_globals

        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        folder = Path(str(self.config.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        log.info("launching %d jobs, %d at a time; their output is in %s", len(job_overrides), self.n_jobs, folder)
        for number, overrides in enumerate(job_overrides, start=initial_job_idx):
            log.info("\t#%d : %s", number, " ".join(filter_overrides(overrides)))
        state = Singleton.get_state()
        jobs = [
            (number, list(overrides), self.hydra_context, self.config, self.task_function, state)
            for number, overrides in enumerate(job_overrides, start=initial_job_idx)
        ]
        return self._run(jobs)

    def _run(self, jobs: Sequence[tuple[Any, ...]]) -> list[JobReturn]:
        from concurrent.futures import FIRST_COMPLETED, wait

        from joblib.externals.loky.process_executor import TerminatedWorkerError

        waiting, results, started = deque(range(len(jobs))), {}, [0] * len(jobs)
        idle = [_process(self.n_jobs) for _ in range(min(self.n_jobs, len(jobs)))]
        running: dict[Future[JobReturn], tuple[Executor, int]] = {}
        try:
            while waiting or running:
                while waiting and idle:
                    job, process = waiting.popleft(), idle.pop()
                    started[job] += 1
                    running[process.submit(_execute, *jobs[job])] = process, job
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    process, job = running.pop(future)
                    try:
                        results[job] = future.result()
                    except TerminatedWorkerError as error:
                        _end([process])
                        process = _process(self.n_jobs)
                        if started[job] < self.starts:
                            log.warning("the process of job #%d was killed; the job will run again", jobs[job][0])
                            waiting.append(job)
                        else:
                            results[job] = _lost(jobs[job][1], started[job], error)
                    idle.append(process)
        finally:
            _end([*idle, *(process for process, _ in running.values())])
        return [results[job] for job in range(len(jobs))]


def _process(n_jobs: int) -> Executor:
    """One process. It starts with its first job, and is used again for later ones."""
    from joblib.externals.loky import ProcessPoolExecutor

    from avatar.common.cores import POOL_VARIABLES, allowed_cores

    threads = str(max(1, allowed_cores() // n_jobs))
    executor: Executor = ProcessPoolExecutor(
        max_workers=1, env={name: os.environ.get(name, threads) for name in POOL_VARIABLES}
    )
    return executor


def _end(processes: Iterable[Executor]) -> None:
    for process in processes:
        process.shutdown(wait=True, kill_workers=True)  # type: ignore[call-arg]


def _lost(overrides: list[str], starts: int, error: Exception) -> JobReturn:
    """The result of a job whose process was killed each time."""
    from hydra.core.utils import JobReturn, JobStatus

    from avatar.common.errors import AvatarError

    lost = AvatarError(
        f"the process of the job {' '.join(overrides)} was killed {starts} times",
        "if memory is short, run fewer jobs at a time (executor.jobs); the same command continues the sweep",
    )
    lost.__cause__ = error
    result = JobReturn(overrides=overrides, status=JobStatus.FAILED)
    result.return_value = lost
    return result


def _execute(
    number: int,
    overrides: list[str],
    hydra_context: HydraContext,
    config: DictConfig,
    task_function: TaskFunction,
    state: dict[Any, Any],
) -> JobReturn:
    """Run one job, in its process."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.core.singleton import Singleton
    from hydra.core.utils import run_job, setup_globals
    from omegaconf import open_dict

    setup_globals()
    Singleton.set_state(state)
    job_config = hydra_context.config_loader.load_sweep_config(config, overrides)
    with open_dict(job_config):
        job_config.hydra.job.id = f"{job_config.hydra.job.name}_{number}"
        job_config.hydra.job.num = number
    HydraConfig.instance().set_config(job_config)
    return run_job(
        hydra_context=hydra_context,
        config=job_config,
        task_function=task_function,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
