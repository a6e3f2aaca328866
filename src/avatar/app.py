"""The application: check the config, open the run, run the pipeline, print the table."""

import os
import warnings
from pathlib import Path

from omegaconf import DictConfig

from avatar.checks.preflight import checked
from avatar.common.cores import allowed_cores
from avatar.common.errors import OutputError
from avatar.common.logging import get_logger
from avatar.common.output import write_output
from avatar.common.printable import printable
from avatar.common.signals import signals_interrupt
from avatar.config.schema import Config

log = get_logger("app")


def run(composed: DictConfig) -> float | None:
    """Run one job from Hydra's config; return the student's score on valid, or None where there is none.

    The score is not that of test, because a sweeper may optimise it. Signals raise `Interrupted`, also in the process
    of a launcher.
    """
    with signals_interrupt():
        return _run(checked(composed))


def _run(cfg: Config) -> float | None:
    if cfg.plan:
        show_plan(cfg)
        return None
    from avatar.tracking.mlflow_values import parent_of
    from avatar.tracking.runs import find_job_run, job_run

    done = find_job_run(cfg)
    if done is not None and done.finished and parent_of(cfg):
        log.info("this job is already done: run %s of the MLflow experiment %s", done.run_id, cfg.mlflow_experiment)
        return done.metrics.get(f"valid/{cfg.dataset.metric}")
    _prepare(cfg)
    from avatar.pipeline.run_job import run_job
    from avatar.report.result_table import render

    with job_run(cfg, _name(cfg)) as tracked:
        outcome = run_job(cfg, tracked)
    lines = [
        f"\n{render(outcome.table)}\n",
        f"report: {outcome.report.resolve()}",
        f"bundle: {outcome.bundle.resolve()} ({outcome.metrics['size/bundle_mb']:.2f} MB)",
        *(["runs:   `make ui` shows them in MLflow"] if cfg.tracking.enabled and not tracked.unsent else []),
        *([f"runs:   {tracked.unsent}"] if tracked.unsent else []),
    ]
    try:
        write_output(printable("\n".join(lines) + "\n", lines=True))
    except OutputError as error:  # the job itself succeeded, so a sweep continues
        log.warning("the result is in %s; it was not printed: %s", outcome.report.resolve(), error.message)
    return outcome.metrics[f"valid/{cfg.dataset.metric}"]


def show_plan(cfg: Config) -> None:
    """Print what the job would do, without doing it."""
    _prepare(cfg)
    from avatar.pipeline.plan import plan, render

    get_logger("").setLevel("WARNING")
    print(printable(render(plan(cfg)), lines=True))


def _prepare(cfg: Config) -> None:
    """Set threads and seeds, and hide warnings of libraries."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    for module in ("pytorch_lightning", "torch", "mlflow", "codecarbon"):
        warnings.filterwarnings("ignore", module=module)
    import torch

    from avatar.common.seeding import seed_everything

    torch.set_num_threads(cfg.executor.threads or max(1, allowed_cores() // cfg.executor.jobs))
    seed_everything(cfg.seed)


def _name(cfg: Config) -> str:
    return f"{cfg.dataset.name} {cfg.search_space.name} seed {cfg.seed} {Path(cfg.output_dir).name}"
