"""The latency model on architectures that it has not seen: R^2, error, and the time to build it.

Students of each space within 3 MB are timed and fitted; 30 others are timed afterwards and predicted. The same
fit on FLOPs alone (and a constant), to the same times, stands beside it.
"""

import argparse
import os
import time

import numpy as np
import pandas as pd
import torch

from avatar.common.seeding import derive_seed, generator
from avatar.data.records import Task
from avatar.measure.architecture_timing import time_architectures
from avatar.measure.latency_model import Quality, fit_to
from avatar.measure.machine import machine_name
from avatar.space.budgets import Budgets, Feasible
from avatar.space.cost import count_flops
from avatar.space.sampling import sample_adaptive, sample_uniform
from common import read_space, store

SPACES = ("avatar", "compressor", "lean")
UNSEEN = 30


def main() -> None:
    """Fit and check one model for each space, and store the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60, help="architectures that are timed for the fit")
    parser.add_argument("--seconds", type=float, default=30.0, help="time spent on them")
    parser.add_argument("--length", type=int, default=100, help="tokens of a function")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    count, seconds, length = options.count, options.seconds, options.length
    rows = []
    for name in SPACES:
        feasible = Feasible(read_space(name), Budgets(3.0, None, None), Task.PAIR)
        start = time.perf_counter()
        sample = list(sample_adaptive(count, generator(options.seed, name), feasible))
        times = time_architectures(sample, Task.PAIR, length, options.seed, seconds)
        model = fit_to(sample, times, Task.PAIR, length, options.seed)
        built = time.perf_counter() - start
        drawn = sample_uniform(UNSEEN + count, generator(options.seed, name, "unseen"), feasible)
        unseen = [arch for arch in drawn if arch not in sample][:UNSEEN]
        seed = derive_seed(options.seed, "unseen")
        measured = time_architectures(unseen, Task.PAIR, length, seed, seconds)
        found = Quality.of(measured, model.predict(unseen))
        alone = Quality.of(measured, _by_flops(sample, times, unseen, length))
        rows.append(
            {
                "space": name,
                "timed": count,
                "built in s": built,
                "unseen": found.architectures,
                "R2": found.r2,
                "median error %": 100 * found.median_error,
                "R2, FLOPs alone": alone.r2,
                "median error %, FLOPs alone": 100 * alone.median_error,
                "cross-validated R2": model.quality.r2,
                "fastest ms": float(measured.min()),
                "slowest ms": float(measured.max()),
                "load": os.getloadavg()[0],
            }
        )
        print(rows[-1], flush=True)
    store(
        pd.DataFrame(rows),
        "latency_model",
        "Latency predicted for architectures that were not timed",
        [
            f"{machine_name()}, {torch.get_num_threads()} threads, torch {torch.__version__}, forward pass of one pair "
            f"of 2 x {length} tokens, students of at most 3 MB. Architectures for the fit fill the space; the "
            "unseen ones are drawn uniformly, and timed for as long. 'load' is the machine's load average: above the "
            "number of threads other work disturbed the timing, and the errors are partly those of the clock.",
        ],
    )


def _by_flops(seen: list, times: np.ndarray, unseen: list, length: int) -> np.ndarray:
    """A line over FLOPs, fitted to relative errors."""

    def matrix(archs: list) -> np.ndarray:
        return np.array([[1.0, count_flops(arch, Task.PAIR, min(length, arch.max_length)) / 1e6] for arch in archs])

    line, *_ = np.linalg.lstsq(matrix(seen) / times[:, None], np.ones(len(times)), rcond=None)
    return matrix(unseen) @ line


if __name__ == "__main__":
    main()
