"""Stage 6: which architectures are trained next to teach the surrogate, at first and in each later round."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar.common.seeding import derive_seed, generator
from avatar.config.schema import SearchConfig, SearchSpaceConfig
from avatar.data.records import Task
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.job import Job
from avatar.pipeline.stage import Stage, setting
from avatar.pipeline.stage_05_latency import MeasuredLatency
from avatar.search.acquire import ACQUISITIONS, AcquisitionRequest, space_filling
from avatar.search.run_search import budgets_of, objectives_of
from avatar.space.architecture import Architecture
from avatar.space.budgets import Feasible
from avatar.space.sampling import sample_adaptive
from avatar.space.space import SearchSpace

if TYPE_CHECKING:
    from avatar.pipeline.stage_07_candidates import Candidate
    from avatar.pipeline.stage_08_surrogate import FittedSurrogate
    from avatar.pipeline.stage_09_search import Searched

ONLY_BUDGETS = tuple(name for name in vars(SearchConfig()) if not name.startswith("budget_"))
"""All settings of the search except its budgets."""


@dataclass(frozen=True)
class FirstInputs:
    """The task, and the latency model of this machine for a budget in milliseconds."""

    task: Task
    latency: MeasuredLatency


@dataclass(frozen=True)
class FirstSettings:
    """The space, the budgets, and the number of architectures."""

    seed: int = setting("seed")
    space: SearchSpaceConfig = setting("search_space")
    count: int = setting("surrogate.candidates")
    budgets: SearchConfig = setting("search", without=ONLY_BUDGETS)


def _build_first(inputs: FirstInputs, settings: FirstSettings, folder: Path) -> dict[str, Any]:
    feasible = _feasible(settings.space, settings.budgets, inputs.task, inputs.latency)
    sample = sample_adaptive(settings.count, generator(settings.seed, "candidates"), feasible)
    return {"architectures": [arch.as_dict() for arch in sample]}


FIRST = Stage(
    "proposals", 1, "Choose the first architectures to train briefly", FirstInputs, FirstSettings, _build_first
)


@dataclass(frozen=True)
class NextInputs:
    """The results of round `number`, from 1, and of the rounds before it."""

    task: Task
    latency: MeasuredLatency
    candidates: "tuple[Candidate, ...]"
    surrogate: "FittedSurrogate"
    searched: "Searched"
    number: int


@dataclass(frozen=True)
class NextSettings:
    """The acquisition function, and the number of architectures."""

    seed: int = setting("seed")
    space: SearchSpaceConfig = setting("search_space")
    count: int = setting("search.candidates_per_round")
    acquisition: str = setting("search.acquisition")
    search: SearchConfig = setting(
        "search", without=[name for name in ONLY_BUDGETS if name not in ("objectives", "weights")]
    )


def _build_next(inputs: NextInputs, settings: NextSettings, folder: Path) -> dict[str, Any]:
    space, trained = SearchSpace.from_config(settings.space), [candidate.arch for candidate in inputs.candidates]
    seed = derive_seed(settings.seed, "round", inputs.number)
    surrogate, searched = inputs.surrogate.accuracy, inputs.searched
    if surrogate.beats_constant:
        request = AcquisitionRequest(
            space,
            objectives_of(settings.search),
            searched.result,
            searched.measured,
            surrogate.model,
            trained,
            settings.count,
            seed,
            inputs.surrogate.encode,
        )
        more = ACQUISITIONS.get(settings.acquisition)(request)
    else:
        feasible = _feasible(settings.space, settings.search, inputs.task, inputs.latency)
        more = space_filling(feasible, trained, settings.count, seed)
    return {"architectures": [arch.as_dict() for arch in more]}


NEXT = Stage("acquisition", 1, "Choose the architectures of the next round", NextInputs, NextSettings, _build_next)


def _feasible(space: SearchSpaceConfig, budgets: SearchConfig, task: Task, latency: MeasuredLatency) -> Feasible:
    feasible = Feasible(SearchSpace.from_config(space), budgets_of(budgets), task, latency.model.predictor(task))
    feasible.check()
    return feasible


def first(job: Job, task: Task, latency: MeasuredLatency) -> Sequence[Architecture]:
    """Architectures sampled from the whole space, within all budgets."""
    return _architectures(job.make(FIRST, FirstInputs(task, latency)))


def following(
    job: Job,
    task: Task,
    latency: MeasuredLatency,
    candidates: "Sequence[Candidate]",
    surrogate: "FittedSurrogate",
    searched: "Searched",
    number: int,
) -> Sequence[Architecture]:
    """Architectures for the round after `number`.

    The acquisition function chooses them. If the surrogate is no better than the constant, they fill the space: each
    is far from the trained ones."""
    inputs = NextInputs(task, latency, tuple(candidates), surrogate, searched, number)
    return _architectures(job.make(NEXT, inputs))


def _architectures(artifact: Artifact) -> Sequence[Architecture]:
    return [Architecture.from_dict(genes) for genes in artifact.values["architectures"]]
