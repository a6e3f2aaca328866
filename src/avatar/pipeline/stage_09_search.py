"""Stage 9: search the trade-off of accuracy, size, latency and FLOPs, and choose the winner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from avatar.common.files import writing
from avatar.common.logging import get_logger
from avatar.common.seeding import derive_seed
from avatar.config.schema import SearchConfig, SearchSpaceConfig
from avatar.data.records import Task
from avatar.measure.architecture_timing import time_architectures
from avatar.pipeline.artifacts import Artifact
from avatar.pipeline.job import Job
from avatar.pipeline.shared_settings import Machine, this_machine
from avatar.pipeline.stage import Stage, setting
from avatar.pipeline.stage_05_latency import MeasuredLatency
from avatar.pipeline.stage_07_candidates import Candidate
from avatar.pipeline.stage_08_surrogate import FittedSurrogate
from avatar.search.choose import Winner, choose, values_of
from avatar.search.convergence import Convergence, convergence, exact_front
from avatar.search.objectives import OBJECTIVES, SearchContext, evaluate
from avatar.search.result import SearchResult, result_of
from avatar.search.run_search import budgets_of, objectives_of, run_search
from avatar.space.architecture import Architecture
from avatar.space.space import SearchSpace

log = get_logger("search")
TIMING_SECONDS = 1.0
TIMING_SEED = 0
"""Time in which the winner and the runners-up are timed, together."""
OTHERWISE_COUNTED = ("finalists", "rounds", "candidates_per_round", "acquisition")
"""Settings of the search that only choose which architectures are trained, before and after it."""


@dataclass(frozen=True)
class Inputs:
    """Accuracy of architectures by the surrogate or by a training, and their latency on this machine."""

    task: Task
    surrogate: FittedSurrogate
    candidates: tuple[Candidate, ...]
    latency: MeasuredLatency


@dataclass(frozen=True)
class Settings:
    """The space, and how it is searched."""

    seed: int = setting("seed")
    space: SearchSpaceConfig = setting("search_space")
    search: SearchConfig = setting("search", without=OTHERWISE_COUNTED)


def _build(inputs: Inputs, settings: Settings, folder: Path) -> dict[str, Any]:
    about = context_of(inputs, settings.space, settings.search)
    objectives = objectives_of(settings.search)
    result = run_search(settings.search, about, settings.seed, folder / "study.journal")
    with writing(folder / "evaluations.csv") as temporary:
        as_frame(result).to_csv(temporary, index=False)
    with writing(folder / "front.csv") as temporary:
        front_frame(result).to_csv(temporary, index=False)
    progress = convergence(result, objectives, exact_front(about, objectives))
    if progress.ratio is not None:
        log.info(
            "the search found %.2f %% of the best possible front (by hypervolume, the volume that a front covers)",
            100 * progress.ratio,
        )
    measured = measured_result(about, inputs.candidates, settings.search.objectives)
    choice, source = _winner(settings.search, inputs.surrogate, result, measured)
    ranked = (choice.index, *choice.runners_up)
    return {
        "evaluated": result.evaluated,
        "front": len(result.front),
        "seconds": result.seconds,
        "convergence": progress,
        "sentence": choice.sentence,
        "ranked": [source.architectures[index].as_dict() for index in ranked],
        "values": [values_of(source, index, objectives) for index in ranked],
    }


SEARCH = Stage("search", 1, "Search for the best trade-offs and choose the winner", Inputs, Settings, _build)


@dataclass(frozen=True)
class Searched:
    """All evaluations of the search, its front, and the winner with the reason for it.

    `measured` are the candidates that were trained in full; the winner is one of them if the surrogate is no better
    than the constant. `runners_up` are the next best by the same rule. `values` are phrases with the objectives of
    the winner and of the runners-up.
    """

    artifact: Artifact
    result: SearchResult
    measured: SearchResult
    winner: Architecture
    sentence: str
    runners_up: tuple[Architecture, ...]
    values: tuple[str, ...]
    convergence: Convergence

    @property
    def key(self) -> str:
        """The artifact's key."""
        return self.artifact.key

    def brief_score(self, arch: Architecture) -> float | None:
        """Score of `arch` on valid after its short training; None if it had none, or if accuracy is no objective."""
        measured = self.measured
        if arch not in measured.architectures or "accuracy" not in measured.objectives:
            return None
        return float(measured.values[measured.architectures.index(arch), measured.objectives.index("accuracy")])


def run(
    job: Job,
    task: Task,
    surrogate: FittedSurrogate,
    candidates: Sequence[Candidate],
    latency: MeasuredLatency,
) -> Searched:
    """Search with the surrogate; choose from the trained candidates if it is no better than the constant."""
    inputs, settings = Inputs(task, surrogate, tuple(candidates), latency), SEARCH.read(job.cfg)
    artifact = job.make(SEARCH, inputs)
    values, objectives = artifact.values, settings.search.objectives
    about = context_of(inputs, settings.space, settings.search)
    winner, *others = (Architecture.from_dict(genes) for genes in values["ranked"])
    log.info("winner: %s. %s", winner, values["sentence"])
    curve = values["convergence"]
    return Searched(
        artifact,
        read_result(artifact.folder, objectives, values),
        measured_result(about, candidates, objectives),
        winner,
        values["sentence"],
        tuple(others),
        tuple(values["values"]),
        Convergence(np.asarray(curve["evaluations"]), np.asarray(curve["hypervolumes"]), curve["exact"]),
    )


def context_of(inputs: Inputs, space: SearchSpaceConfig, search: SearchConfig) -> SearchContext:
    """The space, the task, the budgets, the predictions and the latency model of a search."""
    surrogate = inputs.surrogate
    predicted = {name: partial(surrogate.predict, name) for name in surrogate.choices}
    latency = inputs.latency.model.predictor(inputs.task)
    return SearchContext(SearchSpace.from_config(space), inputs.task, budgets_of(search), predicted, latency)


def _winner(
    cfg: SearchConfig, surrogate: FittedSurrogate, result: SearchResult, measured: SearchResult
) -> tuple[Winner, SearchResult]:
    """The winner from the predicted front, or from the trained ones if the surrogate is no better than the constant.

    The most accurate trained candidate also wins if the front predicts no higher accuracy.
    """
    objectives = objectives_of(cfg)
    from_measured = choose(measured, objectives, cfg.rule, cfg.weights)
    if not surrogate.accuracy.beats_constant:
        reason = (
            "The surrogate is no better than the constant predictor, so the winner is one of the trained candidates. "
        )
        return _prefixed(from_measured, reason), measured
    from_front = choose(result, objectives, cfg.rule, cfg.weights)
    if cfg.rule == "accurate" and "accuracy" in cfg.objectives:
        column = cfg.objectives.index("accuracy")
        promised = result.values[from_front.index, column]
        shown = measured.values[from_measured.index, column]
        if shown >= promised:
            reason = (
                f"A trained candidate has accuracy {shown:.4f}, and the surrogate predicts at most {promised:.4f}. "
            )
            return _prefixed(from_measured, reason), measured
    return from_front, result


def _prefixed(choice: Winner, reason: str) -> Winner:
    return replace(choice, sentence=reason + choice.sentence)


def measured_result(about: SearchContext, candidates: Sequence[Candidate], names: Sequence[str]) -> SearchResult:
    """The candidates trained in full, with measured values instead of predicted ones."""
    objectives = [OBJECTIVES.get(name) for name in names]
    full = [candidate for candidate in candidates if candidate.complete]
    archs = [candidate.arch for candidate in full]
    values = np.array(evaluate(archs, objectives, about))
    for name in full[0].measured if full else ():
        values[:, list(names).index(name)] = [candidate.measured[name] for candidate in full]
    return result_of(archs, values, objectives, 0.0)


def as_frame(result: SearchResult) -> pd.DataFrame:
    """One row for each evaluation: objectives, genes, and whether it is on the front."""
    frame = pd.DataFrame(result.values, columns=list(result.objectives))
    genes = pd.DataFrame([arch.as_dict() for arch in result.architectures])
    frame = pd.concat([frame, genes], axis=1)
    frame["front"] = np.isin(np.arange(len(frame)), result.front)
    return frame


def front_frame(result: SearchResult) -> pd.DataFrame:
    """One row for each architecture on the front."""
    return as_frame(result).query("front").drop(columns="front")


def read_result(folder: Path, objectives: Sequence[str], values: Mapping[str, Any]) -> SearchResult:
    """The result that `as_frame` wrote."""
    frame = pd.read_csv(folder / "evaluations.csv", keep_default_na=False, float_precision="round_trip")
    genes = [name for name in frame.columns if name not in (*objectives, "front")]
    archs = tuple(
        Architecture.from_dict({str(name): value for name, value in row.items()})
        for row in frame[genes].to_dict("records")
    )
    points = frame[list(objectives)].to_numpy(dtype=np.float64)
    front = np.flatnonzero(frame["front"].to_numpy(dtype=bool))
    return SearchResult(tuple(objectives), archs, points, front, values["evaluated"], values["seconds"])


@dataclass(frozen=True)
class TimedInputs:
    """The architectures to time with random weights, at `length` tokens a function, for `seconds` in all."""

    architectures: tuple[Architecture, ...]
    task: Task
    length: int
    seconds: float


@dataclass(frozen=True)
class TimedSettings:
    """The machine."""

    machine: Machine = setting(via=this_machine)


def _build_timed(inputs: TimedInputs, settings: TimedSettings, folder: Path) -> dict[str, Any]:
    seed = derive_seed(TIMING_SEED, "timed for real")
    times = time_architectures(inputs.architectures, inputs.task, inputs.length, seed, inputs.seconds)
    return {"milliseconds": times.tolist()}


TIMED = Stage(
    "timed",
    2,
    "Measure the latency of the winner and the next best",
    TimedInputs,
    TimedSettings,
    _build_timed,
    timed=True,
)


def time_winners(job: Job, task: Task, latency: MeasuredLatency, searched: Searched) -> tuple[float, ...]:
    """Measured milliseconds of the winner and the runners-up on this machine, at the length of the latency model."""
    archs, model = (searched.winner, *searched.runners_up), latency.model
    artifact = job.make(TIMED, TimedInputs(archs, task, model.length, TIMING_SECONDS))
    times = tuple(artifact.values["milliseconds"])
    for arch, measured, expected in zip(archs, times, model.predict(archs), strict=True):
        log.info("latency: %.3f ms measured, %.3f ms predicted, %s", measured, expected, arch)
    return times
