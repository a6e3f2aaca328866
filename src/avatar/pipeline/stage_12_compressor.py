"""Stage 12: Compressor's rule as a baseline: the architecture with the most FLOPs within the budget."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avatar.config.schema import SearchConfig, SearchSpaceConfig
from avatar.data.records import Task
from avatar.pipeline import stage_10_student
from avatar.pipeline.job import Job
from avatar.pipeline.stage import Stage, setting
from avatar.pipeline.stage_01_dataset import Data
from avatar.pipeline.stage_03_labels import Labels
from avatar.pipeline.stage_05_latency import MeasuredLatency
from avatar.pipeline.stage_09_search import OTHERWISE_COUNTED
from avatar.pipeline.stage_10_student import TrainedStudent
from avatar.search.objectives import SearchContext
from avatar.search.run_search import budgets_of, run_search
from avatar.space.architecture import Architecture
from avatar.space.cost import count_flops
from avatar.space.space import SearchSpace


@dataclass(frozen=True)
class Inputs:
    """The task, and the latency model of this machine for a budget in milliseconds."""

    task: Task
    latency: MeasuredLatency


@dataclass(frozen=True)
class Settings:
    """The space, the budgets, and the length of the search."""

    seed: int = setting("seed")
    space: SearchSpaceConfig = setting("search_space")
    search: SearchConfig = setting("search", without=(*OTHERWISE_COUNTED, "name", "objectives", "weights", "rule"))


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    search = dataclasses.replace(
        settings.search,
        name="compressor",
        objectives=["size", "flops"],
        weights={},
        rule="knee",
        evaluations=max(settings.search.evaluations, 1000),
    )
    latency = inputs.latency.model.predictor(inputs.task)
    space = SearchSpace.from_config(settings.space)
    context = SearchContext(space, inputs.task, budgets_of(search), latency=latency)
    result = run_search(search, context, settings.seed)
    most = max(result.architectures, key=lambda arch: count_flops(arch, inputs.task))
    return {"architecture": most.as_dict()}


COMPRESSOR = Stage("compressor", 1, "Find the architecture with the most FLOPs, a baseline", Inputs, Settings, _build)


def run(job: Job, data: Data, labels: Labels, latency: MeasuredLatency) -> TrainedStudent | None:
    """Train the architecture that Compressor's genetic algorithm finds (Shi et al., ASE 2022): the one with most FLOPs.

    None if `measure.compressor_baseline` is off, and for groups of clones, on which Compressor was never used.
    """
    if not job.cfg.measure.compressor_baseline or data.corpus.task.grouped:
        return None
    genes = job.make(COMPRESSOR, Inputs(data.corpus.task, latency)).values["architecture"]
    return stage_10_student.run(job, data, labels, Architecture.from_dict(genes), "Compressor's rule")
