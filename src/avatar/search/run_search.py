"""Runs the search that a config describes."""

from dataclasses import replace
from pathlib import Path

from avatar.common.errors import ConfigError, did_you_mean
from avatar.common.logging import get_logger
from avatar.config.schema import SearchConfig
from avatar.search.objectives import OBJECTIVES, Objective, SearchContext
from avatar.search.result import SEARCHERS, Progress, SearchResult
from avatar.space.bounds import bounds
from avatar.space.budgets import Budgets
from avatar.space.enumerate import describe

log = get_logger("search")


def budgets_of(config: SearchConfig) -> Budgets:
    """The budgets of a config."""
    return Budgets(config.budget_mb, config.budget_gflops, config.budget_ms)


def objectives_of(config: SearchConfig) -> list[type[Objective]]:
    """The objectives of a config, in its order; an unknown one is a ConfigError."""
    for name in config.weights:
        if name not in config.objectives:
            raise ConfigError(
                f"search.weights names '{name}', which is not in search.objectives",
                did_you_mean(name, config.objectives),
            )
    return [OBJECTIVES.get(name) for name in config.objectives]


def run_search(
    config: SearchConfig,
    context: SearchContext,
    seed: int,
    storage: Path | None = None,
    progress: Progress | None = None,
) -> SearchResult:
    """Search as `config` says. All results are legal, canonical and within the budgets."""
    context.feasible.check()
    log.info("search space %s: %s", context.space.name, describe(context.feasible))
    ranges = ", ".join(f"{name} {low} to {high}" for name, (low, high) in bounds(context.feasible).items())
    limits = replace(context.budgets, ms=None)
    log.info("first and last possible value of each gene (property) within %s: %s", limits, ranges)
    result = SEARCHERS.get(config.name)().search(
        context, objectives_of(config), config.evaluations, config.population, seed, storage, progress
    )
    log.info(
        "%s evaluated %d architectures in %.1f s; %d are on the front (the best trade-offs)",
        config.name,
        result.evaluated,
        result.seconds,
        len(result.front),
    )
    return result
