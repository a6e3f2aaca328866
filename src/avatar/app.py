"""The application: validate, open the run, run the pipeline, print the table."""

import os
import warnings
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from avatar.common.errors import AvatarError
from avatar.common.logging import get_logger
from avatar.config.checks import unknown_keys
from avatar.config.report import unknown_key
from avatar.config.schema import Config

log = get_logger("app")


def run(composed: DictConfig) -> float | None:
    """One job from Hydra's config: the student's score on valid, or None where it was done before without one.

    A sweeper may optimise it, so it is not that of test.
    """
    cfg = validated(composed)
    if cfg.plan:
        show_plan(cfg)
        return None
    from avatar.tracking.runs import find_job_run, job_run, parent_of

    done = find_job_run(cfg)
    if done is not None and done.finished and parent_of(cfg):
        log.info("this job is done: run %s of %s", done.run_id, cfg.experiment)
        return done.metrics.get(f"valid/{cfg.dataset.metric}")
    _prepare(cfg)
    from avatar.pipeline.run import run_job
    from avatar.report.tables import render

    with job_run(cfg, _name(cfg)) as tracked:
        outcome = run_job(cfg, tracked)
    print(f"\n{render(outcome.table)}\n")
    print(f"report: {outcome.report.resolve()}")
    print(f"bundle: {outcome.bundle.resolve()} ({outcome.metrics['size/bundle_mb']:.2f} MB)")
    if cfg.tracking.enabled:
        print("runs:   make ui")
    return outcome.metrics[f"valid/{cfg.dataset.metric}"]


def show_plan(cfg: Config) -> None:
    """Print what the job would do, and do none of it."""
    _prepare(cfg)
    from avatar.pipeline.plan import plan, render

    get_logger("").setLevel("WARNING")
    print(render(plan(cfg)))


def validated(composed: DictConfig) -> Config:
    """Hydra's config as the typed one; every problem of it comes in one ConfigError."""
    try:
        cfg = OmegaConf.to_object(composed)
    except Exception as error:
        link: BaseException | None = error
        while link is not None:
            if isinstance(link, AvatarError):
                raise link from None
            link = link.__cause__ or link.__context__
        raise
    assert isinstance(cfg, Config)
    for key in unknown_keys(cfg):
        raise unknown_key(key)
    return cfg


def _prepare(cfg: Config) -> None:
    """Threads, seeds, and silence for what does not concern the user."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    for module in ("pytorch_lightning", "torch", "mlflow", "codecarbon"):
        warnings.filterwarnings("ignore", module=module)
    import torch

    from avatar.common.seeding import seed_everything

    cores = os.cpu_count() or 1
    torch.set_num_threads(cfg.executor.threads or max(1, cores // cfg.executor.jobs))
    seed_everything(cfg.seed)


def _name(cfg: Config) -> str:
    return f"{cfg.dataset.name} {cfg.search_space.name} seed {cfg.seed} {Path(cfg.output_dir).name}"
