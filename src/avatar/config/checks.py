"""Checks of values: ranges, fixed lists of names, and combinations that are not allowed. Registered names, files,
folders and network addresses are checked in `avatar.checks`."""

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from avatar.code.languages import LANGUAGES
from avatar.code.rewrite import REWRITES
from avatar.common.errors import did_you_mean
from avatar.config.problems import Check, Problem, at_least, between, one_of, positive

if TYPE_CHECKING:
    from avatar.config.schema import Config

LAUNCHERS = {"local": "basic", "joblib": "processes", "slurm": "submitit_slurm"}
"""Names of executors, and the Hydra launcher that runs each of them."""
ACCELERATORS = ("cpu", "gpu", "auto")
STRATEGIES = ("auto", "ddp")
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
PROGRESS = ("auto", "bar", "lines", "none")
TIMINGS = ("self", "none", "codebert")
LARGEST_SEED = 2**32 - 1
"""numpy and Lightning accept no larger seed."""


def _dataset(cfg: "Config") -> Iterator[Problem]:
    part = cfg.dataset
    yield from between("dataset.labeled_share", part.labeled_share, 0, 1, open_low=True)
    yield from between("dataset.share", part.share, 0, 1, open_low=True)
    yield from between("dataset.valid_share", part.valid_share, 0, 0.5, open_low=True)
    yield from between("dataset.test_share", part.test_share, 0, 0.5, open_low=True)
    yield from at_least("dataset.max_functions", part.max_functions, 20)
    yield from positive("dataset.pairs_per_function", part.pairs_per_function)
    if part.valid_share + part.test_share >= 1:
        yield (
            f"dataset.valid_share is {part.valid_share} and dataset.test_share is {part.test_share}; "
            "their sum must be below 1, so that examples are left to train on"
        )
    if part.language is not None:
        yield from one_of("dataset.language", part.language, LANGUAGES.names())
    if part.labeled_share == 1:
        yield "dataset.labeled_share is 1; it must be below 1, so that unlabelled examples are left for the student"


def _teacher(cfg: "Config") -> Iterator[Problem]:
    part = cfg.teacher
    yield from one_of("teacher.timing", part.timing, TIMINGS)
    yield from at_least("teacher.epochs", part.epochs, 1)
    yield from at_least("teacher.batch_size", part.batch_size, 1)
    yield from at_least("teacher.max_length", part.max_length, 8)
    yield from at_least("teacher.trainable_layers", part.trainable_layers, 0)
    yield from between("teacher.head_dropout", part.head_dropout, 0, 0.9)
    yield from at_least("teacher.encoder_layers", part.encoder_layers, 1)
    yield from between("teacher.warmup_share", part.warmup_share, 0, 1)
    yield from positive("teacher.learning_rate", part.learning_rate)
    yield from at_least("teacher.weight_decay", part.weight_decay, 0)
    layers, learning = part.encoder_layers, part.trainable_layers
    if layers is not None and learning is not None and learning > layers:
        yield (
            f"teacher.trainable_layers is {learning}; it must be at most teacher.encoder_layers, which is {layers}, "
            "or null to train the embeddings too"
        )


def _search(cfg: "Config") -> Iterator[Problem]:
    part, surrogate = cfg.search, cfg.surrogate
    yield from at_least("search.finalists", part.finalists, 1)
    yield from at_least("search.evaluations", part.evaluations, 1)
    yield from at_least("search.population", part.population, 2)
    yield from at_least("search.rounds", part.rounds, 1)
    yield from at_least("search.candidates_per_round", part.candidates_per_round, 1)
    for key in ("budget_mb", "budget_gflops", "budget_ms"):
        yield from positive(f"search.{key}", getattr(part, key))
    if not part.objectives:
        yield "search.objectives is []; name at least one: search.objectives=[accuracy]"
    elif len(set(part.objectives)) < len(part.objectives):
        yield f"search.objectives is [{', '.join(part.objectives)}]; name each only once"
    elif part.rule == "accurate" and "accuracy" not in part.objectives:
        yield (
            f"search.objectives is [{', '.join(part.objectives)}]; search.rule=accurate needs accuracy among them: "
            "add it, or set search.rule=knee"
        )
    for name, weight in part.weights.items():
        if name not in part.objectives:
            yield f"search.weights.{name} is {weight}; '{name}' is not in search.objectives; " + did_you_mean(
                name, part.objectives
            )
        yield from at_least(f"search.weights.{name}", weight, 0)
    if part.weights and part.rule != "scalarised":
        yield (
            f"search.weights is {part.weights}; search.rule is '{part.rule}', which has no weights: "
            "set search.rule=scalarised, or remove search.weights"
        )
    yield from at_least("surrogate.candidates", surrogate.candidates, 1)
    yield from at_least("surrogate.epochs", surrogate.epochs, 1)
    yield from between("surrogate.share", surrogate.share, 0, 1, open_low=True)
    yield from at_least("surrogate.halving_rungs", surrogate.halving_rungs, 1)
    yield from between("surrogate.halving_keep", surrogate.halving_keep, 0, 1, open_low=True)
    if not surrogate.halving_factor > 1:
        yield f"surrogate.halving_factor is {surrogate.halving_factor}; it must be above 1"
    yield from at_least("surrogate.folds", surrogate.folds, 2)
    yield from at_least("surrogate.repeats", surrogate.repeats, 1)
    yield from at_least("surrogate.minimum", surrogate.minimum, 3)


def _distill(cfg: "Config") -> Iterator[Problem]:
    part = cfg.distill
    yield from at_least("distill.epochs", part.epochs, 1)
    yield from at_least("distill.batch_size", part.batch_size, 1)
    yield from at_least("distill.patience", part.patience, 1)
    yield from at_least("distill.copies", part.copies, 0)
    for name in part.rewrites:
        yield from one_of("distill.rewrites", name, REWRITES)
    if part.copies and not part.rewrites:
        yield (
            f"distill.rewrites is []; distill.copies is {part.copies}, and a copy must differ from its function: "
            "set distill.rewrites=[rename], or distill.copies=0"
        )
    if not (part.use_labeled or part.use_unlabeled):
        yield (
            "distill.use_labeled is false and distill.use_unlabeled is false; a student needs training examples: "
            "set one of them to true"
        )
    yield from at_least("distill.relations", part.relations, 0)
    yield from at_least("distill.group_functions", part.group_functions, 2)
    yield from between("distill.hard_negatives", part.hard_negatives, 0, 1)
    yield from between("distill.hard_share", part.hard_share, 0, 1)
    yield from between("distill.token_dropout", part.token_dropout, 0, 0.9)
    yield from between("distill.average", part.average, 0, 0.99999)
    yield from between("distill.warmup_share", part.warmup_share, 0, 1)
    yield from one_of("distill.hard_labels", part.hard_labels, ("teacher", "truth"))
    for key in ("temperature", "clip", "learning_rate"):
        yield from positive(f"distill.{key}", getattr(part, key))
    yield from at_least("distill.weight_decay", part.weight_decay, 0)


def _measured(cfg: "Config") -> Iterator[Problem]:
    yield from at_least("measure.examples", cfg.measure.examples, 1)
    yield from at_least("measure.teacher_examples", cfg.measure.teacher_examples, 1)
    yield from at_least("measure.warmup", cfg.measure.warmup, 0)
    yield from at_least("measure.energy_repeats", cfg.measure.energy_repeats, 30)
    yield from positive("measure.energy_seconds", cfg.measure.energy_seconds)
    yield from at_least("measure.robustness_examples", cfg.measure.robustness_examples, 0)
    yield from between("export.int8_tolerance", cfg.export.int8_tolerance, 0, 1)
    if cfg.export.compact and not cfg.export.int8:
        yield (
            "export.compact is true; export.int8 is false, and a compact bundle contains only the int8 model: "
            "set export.int8=true, or export.compact=false"
        )


def _running(cfg: "Config") -> Iterator[Problem]:
    part = cfg.trainer
    if part.accelerator == "cuda":
        yield f"trainer.accelerator is 'cuda'; did you mean 'gpu'? available: {', '.join(sorted(ACCELERATORS))}"
    else:
        yield from one_of("trainer.accelerator", part.accelerator, ACCELERATORS)
    yield from one_of("trainer.strategy", part.strategy, STRATEGIES)
    yield from one_of("trainer.precision", part.precision, PRECISIONS)
    if part.precision == "16-mixed" and part.accelerator == "cpu":
        yield (
            "trainer.precision is '16-mixed'; it needs a GPU, and trainer.accelerator is 'cpu': "
            "use bf16-mixed or 32-true"
        )
    if part.devices < 1 and part.devices != -1:
        yield f"trainer.devices is {part.devices}; it must be at least 1, or -1 for all"
    yield from one_of("trainer.progress", part.progress, PROGRESS)
    yield from at_least("trainer.num_workers", part.num_workers, 0)
    yield from one_of("executor.name", cfg.executor.name, LAUNCHERS)
    yield from at_least("executor.jobs", cfg.executor.jobs, 1)
    yield from at_least("executor.threads", cfg.executor.threads, 1)
    if cfg.executor.name == "local" and cfg.executor.jobs > 1:
        yield (
            f"executor.jobs is {cfg.executor.jobs}; executor=local runs one job at a time: "
            f"set executor=joblib executor.jobs={cfg.executor.jobs}"
        )
    yield from between("seed", cfg.seed, 0, LARGEST_SEED)
    if not cfg.experiment.strip():
        yield "experiment is ''; it must be a name"
    yield from one_of("artifacts.verify", cfg.artifacts.verify, ("quick", "full"))


CHECKS: tuple[Check, ...] = (_dataset, _teacher, _search, _distill, _measured, _running)
"""Every check that needs nothing but the configuration."""


def unknown_keys(cfg: object, prefix: str = "") -> list[str]:
    """Dotted names of the keys that were added with `+` and that the schema does not have."""
    known = {part.name for part in dataclasses.fields(cfg)}  # type: ignore[arg-type]
    names = [f"{prefix}{name}" for name in vars(cfg) if name not in known]
    for name in known:
        if dataclasses.is_dataclass(getattr(cfg, name)):
            names += unknown_keys(getattr(cfg, name), f"{prefix}{name}.")
    return sorted(names)
