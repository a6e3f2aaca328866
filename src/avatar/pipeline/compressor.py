"""Compressor's rule as a baseline: the architecture with the most FLOPs within the budget."""

import dataclasses

import numpy as np

from avatar.pipeline.context import Context
from avatar.pipeline.explore import Explored
from avatar.search.objectives import SearchContext
from avatar.search.run import budgets_of, run_search
from avatar.space.architecture import Architecture
from avatar.space.size import count_flops


def most_flops_within_budget(context: Context, explored: Explored) -> Architecture:
    """What Compressor's genetic algorithm finds (Shi et al., ASE 2022): it trusts FLOPs to stand for accuracy."""
    cfg = context.cfg
    task = explored.student_task
    config = dataclasses.replace(
        cfg.search,
        name="compressor",
        objectives=["size", "flops"],
        weights={},
        rule="knee",
        evaluations=max(cfg.search.evaluations, 1000),
    )
    latency = explored.latency.predictor(task)
    about = SearchContext(explored.space, task, budgets_of(cfg.search), lambda archs: np.zeros(len(archs)), latency)
    result = run_search(config, about, cfg.seed)
    return max(result.architectures, key=lambda arch: count_flops(arch, task))
