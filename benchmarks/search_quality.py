"""How much of the exact front each searcher finds, at three budgets of evaluations, over ten seeds.

The space is Compressor's at 3 MB as the authors' constraint step has it: five genes and max_length, all
other genes fixed, so that every feasible architecture can be looked at. The objectives are size, FLOPs
and the accuracy that a surrogate predicts which was fitted on the authors' 80 trained students.
Run by `make bench-search`.
"""

import argparse
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from avatar.config.schema import GeneConfig, SurrogateConfig
from avatar.data.records import Task
from avatar.search.objectives import OBJECTIVES, SearchContext, minimised
from avatar.search.pareto import hypervolume
from avatar.search.result import SEARCHERS
from avatar.search.run import searchers
from avatar.space.architecture import Architecture
from avatar.space.budgets import Budgets
from avatar.surrogate.choice import choose
from common import read_space, recorded_students, store

SEARCHED = ("nsga2", "paper", "random")
EVALUATIONS = (200, 1000, 5000)
WIDE = {
    "vocab_size": GeneConfig(low=1000, high=50_000),
    "hidden_size": GeneConfig(low=16, high=768),
}
"""What the recorded students and the searched space span together; the surrogate's encoding is of this."""
SEARCH_GENES = {
    "heads": GeneConfig(low=1, high=12),
    "max_length": GeneConfig(low=256, high=512, step=16),
}
FIXED = {"hidden_dropout": [0.2], "attention_dropout": [0.2]}


def build_context(seed: int) -> tuple[SearchContext, str]:
    """The search and a sentence about its surrogate."""
    archs, accuracies = recorded_students("bcb_codebert_80")
    wide = read_space("avatar", **WIDE)
    chosen = choose(SurrogateConfig(), wide.encode(archs), accuracies, seed)
    space = read_space(
        "compressor", **SEARCH_GENES, **{gene: GeneConfig(choices=values) for gene, values in FIXED.items()}
    )

    def predict(found: Sequence[Architecture]) -> np.ndarray:
        return chosen.model.predict(wide.encode(found))[0]

    return SearchContext(space, Task.PAIR, Budgets(mb=3.0), {"accuracy": predict}), chosen.sentence


def main() -> None:
    """Compute the exact front, run every searcher, and store the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    assert searchers  # imported for its registrations
    context, sentence = build_context(seed=1)
    objectives = [OBJECTIVES.get(name) for name in ("accuracy", "size", "flops")]

    exact = SEARCHERS.get("exhaustive")().search(context, objectives, 0, 0, 0)
    points = minimised(exact.values, objectives)
    ideal, worst = points.min(axis=0), points.max(axis=0)

    def volume(values: np.ndarray) -> float:
        """In units of the exact front's box, up to a tenth beyond its worst corner."""
        scaled = (minimised(values, objectives) - ideal) / (worst - ideal)
        return hypervolume(scaled, np.full(len(objectives), 1.1))

    best = volume(exact.values)
    rows = []
    for evaluations in EVALUATIONS:
        for name in SEARCHED:
            shares, seconds = [], []
            for seed in range(1, arguments.seeds + 1):
                start = time.perf_counter()
                result = SEARCHERS.get(name)().search(context, objectives, evaluations, 50, seed)
                seconds.append(time.perf_counter() - start)
                shares.append(100 * volume(result.front_values) / best)
            rows.append(
                {
                    "evaluations": evaluations,
                    "searcher": name,
                    "median %": float(np.median(shares)),
                    "lowest %": min(shares),
                    "highest %": max(shares),
                    "seconds": float(np.median(seconds)),
                }
            )
            print(rows[-1], flush=True)
    store(
        pd.DataFrame(rows),
        "search_quality",
        "Hypervolume as a share of the exact front's",
        [
            f"{arguments.seeds} seeds. The exact front: {len(exact.front)} of {exact.evaluated:,} architectures "
            f"within 3 MB, found in {exact.seconds:.1f} s (enumeration, prediction and dominance). {sentence}",
        ],
    )


if __name__ == "__main__":
    main()
