"""Checks across the whole configuration: every problem at once, each with its key."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from avatar.code.languages import LANGUAGES, language_of
from avatar.code.rewrite import REWRITES
from avatar.common.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from avatar.config.schema import Config

Problem = str


def _between(key: str, value: float, low: float, high: float, open_low: bool = False) -> Iterator[Problem]:
    if value < low or value > high or (open_low and value == low):
        yield f"{key} is {value}; it must lie {'above' if open_low else 'between'} {low} and {high}"


def _at_least(key: str, value: float | None, low: float) -> Iterator[Problem]:
    if value is not None and value < low:
        yield f"{key} is {value}; it must be at least {low}"


def _one_of(key: str, value: str, choices: tuple[str, ...]) -> Iterator[Problem]:
    if value not in choices:
        yield f"{key} is '{value}'; {did_you_mean(value, choices)}"


def _dataset(cfg: "Config") -> Iterator[Problem]:
    part = cfg.dataset
    yield from _between("dataset.labeled_share", part.labeled_share, 0, 1, open_low=True)
    yield from _between("dataset.share", part.share, 0, 1, open_low=True)
    yield from _between("dataset.valid_share", part.valid_share, 0, 0.5, open_low=True)
    yield from _between("dataset.test_share", part.test_share, 0, 0.5, open_low=True)
    yield from _at_least("dataset.max_functions", part.max_functions, 20)
    if part.language is not None:
        yield from _one_of("dataset.language", part.language, tuple(LANGUAGES.names()))
    if part.labeled_share == 1:
        yield "dataset.labeled_share is 1; the student's half would be empty"


def _teacher(cfg: "Config") -> Iterator[Problem]:
    part = cfg.teacher
    yield from _one_of("teacher.timing", part.timing, ("self", "none", "codebert"))
    yield from _at_least("teacher.epochs", part.epochs, 1)
    yield from _at_least("teacher.batch_size", part.batch_size, 1)
    yield from _at_least("teacher.max_length", part.max_length, 8)
    yield from _at_least("teacher.trainable_layers", part.trainable_layers, 0)
    yield from _between("teacher.head_dropout", part.head_dropout, 0, 0.9)
    yield from _at_least("teacher.encoder_layers", part.encoder_layers, 1)
    yield from _between("teacher.warmup_share", part.warmup_share, 0, 1)
    if part.learning_rate <= 0:
        yield f"teacher.learning_rate is {part.learning_rate}; it must be positive"
    if part.kind == "predictions" and not part.path:
        yield "teacher.path is not set; teacher=predictions needs the file of recorded predictions"
    if part.kind != "predictions" and part.mix:
        yield "teacher.mix names recorded predictions, but the teacher is a model: use teacher=predictions"
    if part.kind == "predictions" and part.timing == "self":
        yield "teacher.timing is 'self', but recorded predictions cannot be timed: set it to codebert or none"


def _search(cfg: "Config") -> Iterator[Problem]:
    part, surrogate = cfg.search, cfg.surrogate
    yield from _one_of("search.rule", part.rule, ("accurate", "knee", "scalarised"))
    yield from _at_least("search.finalists", part.finalists, 1)
    yield from _one_of("search.acquisition", part.acquisition, ("hypervolume", "front"))
    yield from _at_least("search.evaluations", part.evaluations, 1)
    yield from _at_least("search.population", part.population, 2)
    yield from _at_least("search.rounds", part.rounds, 1)
    yield from _at_least("search.candidates_per_round", part.candidates_per_round, 1)
    for key in ("budget_mb", "budget_gflops", "budget_ms"):
        value = getattr(part, key)
        if value is not None and value <= 0:
            yield f"search.{key} is {value}; it must be positive, or null for no budget"
    if not part.objectives:
        yield "search.objectives is empty; name at least accuracy"
    elif len(set(part.objectives)) < len(part.objectives):
        yield f"search.objectives names one twice: {', '.join(part.objectives)}"
    elif part.rule == "accurate" and "accuracy" not in part.objectives:
        yield "search.rule=accurate needs accuracy among search.objectives; add it, or set search.rule=knee"
    for name in part.weights:
        if name not in part.objectives:
            yield f"search.weights.{name}: {did_you_mean(name, part.objectives)}"
    yield from _at_least("surrogate.candidates", surrogate.candidates, 1)
    yield from _at_least("surrogate.epochs", surrogate.epochs, 1)
    yield from _between("surrogate.share", surrogate.share, 0, 1, open_low=True)
    yield from _at_least("surrogate.halving_rungs", surrogate.halving_rungs, 1)
    yield from _between("surrogate.halving_keep", surrogate.halving_keep, 0, 1, open_low=True)
    if surrogate.halving_factor <= 1:
        yield f"surrogate.halving_factor is {surrogate.halving_factor}; it must be above 1"
    yield from _at_least("surrogate.folds", surrogate.folds, 2)
    yield from _at_least("surrogate.repeats", surrogate.repeats, 1)
    yield from _at_least("surrogate.minimum", surrogate.minimum, 3)


def _distill(cfg: "Config") -> Iterator[Problem]:
    part = cfg.distill
    yield from _at_least("distill.epochs", part.epochs, 1)
    yield from _at_least("distill.batch_size", part.batch_size, 1)
    yield from _at_least("distill.patience", part.patience, 1)
    yield from _at_least("distill.copies", part.copies, 0)
    for name in part.rewrites:
        yield from _one_of("distill.rewrites", name, REWRITES)
    if part.copies and not part.rewrites:
        yield "distill.rewrites is empty, but distill.copies is not 0: copies would be the functions themselves"
    if part.copies and cfg.dataset.language is None and language_of(cfg.dataset.name) is None:
        yield (
            f"dataset.language is not set, and distill.copies={part.copies} rewrites functions: set it to one of "
            f"{', '.join(LANGUAGES.names())}, or distill.copies=0"
        )
    if not (part.use_labeled or part.use_unlabeled):
        yield "distill.use_labeled and distill.use_unlabeled are both false; a student needs something to learn from"
    yield from _at_least("distill.relations", part.relations, 0)
    if part.relations and cfg.teacher.kind == "predictions":
        yield "distill.relations needs the teacher's vectors, but recorded predictions have none: set it to 0"
    yield from _between("distill.hard_share", part.hard_share, 0, 1)
    yield from _between("distill.token_dropout", part.token_dropout, 0, 0.9)
    yield from _between("distill.average", part.average, 0, 0.99999)
    yield from _between("distill.warmup_share", part.warmup_share, 0, 1)
    yield from _one_of("distill.hard_labels", part.hard_labels, ("teacher", "truth"))
    for key in ("temperature", "clip"):
        value = getattr(part, key)
        if value <= 0:
            yield f"distill.{key} is {value}; it must be positive"
    if part.learning_rate is not None and part.learning_rate <= 0:
        yield f"distill.learning_rate is {part.learning_rate}; it must be positive"


def _running(cfg: "Config") -> Iterator[Problem]:
    yield from _at_least("measure.examples", cfg.measure.examples, 1)
    yield from _at_least("measure.teacher_examples", cfg.measure.teacher_examples, 1)
    yield from _at_least("measure.warmup", cfg.measure.warmup, 0)
    yield from _at_least("measure.robustness_examples", cfg.measure.robustness_examples, 0)
    yield from _between("export.int8_tolerance", cfg.export.int8_tolerance, 0, 1)
    if cfg.export.compact and not cfg.export.int8:
        yield "export.compact is true, but export.int8 is false: the compact folder holds int8 alone"
    yield from _one_of("trainer.accelerator", cfg.trainer.accelerator, ("cpu", "gpu", "auto"))
    yield from _one_of("trainer.precision", cfg.trainer.precision, ("32-true", "bf16-mixed", "16-mixed"))
    if cfg.trainer.precision == "16-mixed" and cfg.trainer.accelerator == "cpu":
        yield "trainer.precision=16-mixed needs a GPU; on the CPU use bf16-mixed or 32-true"
    yield from _one_of("trainer.progress", cfg.trainer.progress, ("auto", "bar", "lines", "none"))
    yield from _at_least("trainer.num_workers", cfg.trainer.num_workers, 0)
    yield from _at_least("executor.jobs", cfg.executor.jobs, 1)
    yield from _at_least("executor.threads", cfg.executor.threads, 1)
    yield from _at_least("seed", cfg.seed, 0)
    yield from _one_of("artifacts.verify", cfg.artifacts.verify, ("quick", "full"))
    if cfg.tracking.uri.startswith("file:"):
        yield f"tracking.uri is '{cfg.tracking.uri}'; MLflow refuses file stores: use sqlite:///mlflow.db"


CHECKS: tuple[Callable[[Any], Iterator[Problem]], ...] = (_dataset, _teacher, _search, _distill, _running)


def unknown_keys(cfg: object, prefix: str = "") -> list[str]:
    """Dotted names of what was forced into the config with `+` and that no dataclass has a field for."""
    known = {part.name for part in dataclasses.fields(cfg)}  # type: ignore[arg-type]
    found = [f"{prefix}{name}" for name in vars(cfg) if name not in known]
    for name in known:
        if dataclasses.is_dataclass(getattr(cfg, name)):
            found += unknown_keys(getattr(cfg, name), f"{prefix}{name}.")
    return sorted(found)


def check(cfg: "Config") -> None:
    """Raise one ConfigError that lists every problem of `cfg`; return where there is none."""
    problems = [problem for find in CHECKS for problem in find(cfg)]
    if problems:
        raise ConfigError(
            "the configuration has "
            + ("a problem" if len(problems) == 1 else f"{len(problems)} problems")
            + "".join(f"\n  - {problem}" for problem in problems),
            "change them on the command line (key=value) or in conf/; --cfg job shows all values",
        )
