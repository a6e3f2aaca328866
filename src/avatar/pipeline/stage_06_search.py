"""Stage 6: the trade-off of accuracy, size, latency and FLOPs, and the architecture that wins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from avatar.common.files import writing
from avatar.common.logging import get_logger
from avatar.pipeline.context import Context, Data
from avatar.pipeline.stage_04_candidates import Candidate
from avatar.pipeline.stage_05_surrogate import Predictor
from avatar.search.choose import Choice, choose, values_of
from avatar.search.convergence import Convergence, convergence, exact_front
from avatar.search.objectives import OBJECTIVES, SearchContext, evaluate
from avatar.search.result import SearchResult, result_of
from avatar.search.run import budgets_of, objectives_of, run_search
from avatar.space.architecture import Architecture
from avatar.space.budgets import Latency
from avatar.space.space import SearchSpace

log = get_logger("search")


@dataclass(frozen=True)
class Found:
    """What the search saw, its front, and the winner with the reason for it.

    `measured` are the candidates that were trained in full, from which the winner is taken where the surrogate
    knows no better than the constant. `runners_up` are the next best by the same rule, `values` says in words
    what the winner and they are worth.
    """

    result: SearchResult
    measured: SearchResult
    winner: Architecture
    sentence: str
    runners_up: tuple[Architecture, ...]
    values: tuple[str, ...]
    convergence: Convergence
    folder: Path


def run(
    context: Context,
    data: Data,
    space: SearchSpace,
    predictor: Predictor,
    candidates: Sequence[Candidate],
    latency: Latency,
) -> Found:
    """Search with the surrogate, or fall back on what was really trained where it would only pretend."""
    cfg = context.cfg
    about = SearchContext(
        space,
        data.corpus.task,
        budgets_of(cfg.search),
        predictor.accuracy,
        latency,
        predictor.flips if predictor.robustness is not None else None,
    )
    objectives = objectives_of(cfg.search)
    made: list[SearchResult] = []

    def build(folder: Path) -> dict[str, Any]:
        found = run_search(cfg.search, about, cfg.seed, folder / "study.journal")
        made.append(found)
        with writing(folder / "evaluations.csv") as temporary:
            as_frame(found).to_csv(temporary, index=False)
        with writing(folder / "front.csv") as temporary:
            as_frame(found).query("front").drop(columns="front").to_csv(temporary, index=False)
        progress = convergence(found, objectives, exact_front(about, objectives))
        if progress.ratio is not None:
            log.info("the front has %.2f %% of the exact front's hypervolume", 100 * progress.ratio)
        return {
            "evaluated": found.evaluated,
            "front": len(found.front),
            "seconds": found.seconds,
            "convergence": progress,
        }

    # finalists are chosen later: they do not change what the search finds
    reads = {
        "surrogate": predictor.key,
        "search": replace(cfg.search, finalists=1),
        "space": cfg.search_space,
        "latency": float(np.sum(latency([candidate.arch for candidate in candidates]))),
        "seed": cfg.seed,
        "task": data.corpus.task,
    }
    artifact = context.store.make("search", reads, build)
    result = made[0] if made else read_result(artifact.folder, cfg.search.objectives, artifact.values)
    measured = _measured(about, candidates, cfg.search.objectives)
    choice, source = _winner(context, predictor, result, measured)
    winner = source.architectures[choice.index]
    log.info("winner: %s. %s", winner, choice.sentence)
    others = tuple(source.architectures[place] for place in choice.runners_up)
    values = tuple(values_of(source, place, objectives) for place in (choice.index, *choice.runners_up))
    progress = artifact.values["convergence"]
    curve = Convergence(np.asarray(progress["evaluations"]), np.asarray(progress["hypervolumes"]), progress["exact"])
    return Found(result, measured, winner, choice.sentence, others, values, curve, artifact.folder)


def _winner(
    context: Context, predictor: Predictor, result: SearchResult, measured: SearchResult
) -> tuple[Choice, SearchResult]:
    """The choice from the predicted front, or from the measured one where predictions are worth nothing.

    The most accurate trained candidate also wins where the front promises no more than it has shown.
    """
    cfg, objectives = context.cfg.search, objectives_of(context.cfg.search)
    from_measured = choose(measured, objectives, cfg.rule, cfg.weights)
    if not predictor.choice.beats_constant:
        reason = "The surrogate is no better than the constant, so the winner is one of the trained candidates. "
        return _prefixed(from_measured, reason), measured
    from_front = choose(result, objectives, cfg.rule, cfg.weights)
    if cfg.rule == "accurate" and "accuracy" in cfg.objectives:
        column = cfg.objectives.index("accuracy")
        promised = result.values[from_front.index, column]
        shown = measured.values[from_measured.index, column]
        if shown >= promised:
            reason = f"A trained candidate has shown {shown:.4f}, the front promises at most {promised:.4f}. "
            return _prefixed(from_measured, reason), measured
    return from_front, result


def _prefixed(choice: Choice, reason: str) -> Choice:
    return Choice(choice.index, reason + choice.sentence, choice.runners_up)


def _measured(about: SearchContext, candidates: Sequence[Candidate], names: Sequence[str]) -> SearchResult:
    """The candidates trained in full, with their measured accuracy and flips in place of predicted ones."""
    objectives = [OBJECTIVES.get(name) for name in names]
    candidates = [candidate for candidate in candidates if candidate.complete]
    archs = [candidate.arch for candidate in candidates]
    values = np.array(evaluate(archs, objectives, about))
    if "accuracy" in names:
        values[:, list(names).index("accuracy")] = [candidate.score for candidate in candidates]
    if "flips" in names:
        values[:, list(names).index("flips")] = [candidate.flips for candidate in candidates]
    return result_of(archs, values, objectives, 0.0)


def as_frame(result: SearchResult) -> pd.DataFrame:
    """One row an evaluation: objectives, genes, and whether it is on the front."""
    frame = pd.DataFrame(result.values, columns=list(result.objectives))
    genes = pd.DataFrame([arch.as_dict() for arch in result.architectures])
    frame = pd.concat([frame, genes], axis=1)
    frame["front"] = np.isin(np.arange(len(frame)), result.front)
    return frame


def read_result(folder: Path, objectives: Sequence[str], values: Any) -> SearchResult:
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
