"""Times are measured once for each machine and length."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobs import small_job, write_pairs

from avatar.data.records import Task
from avatar.pipeline import stage_01_dataset, stage_05_latency
from avatar.pipeline.artifacts import Artifact, ArtifactStore
from avatar.pipeline.job import Job
from avatar.pipeline.shared_settings import Machine
from avatar.pipeline.stage_05_latency import LATENCY, Inputs, Settings
from avatar.space.architecture import Architecture
from avatar.space.space import SearchSpace

SMALL = Architecture(vocab_size=50, layers=0, hidden_size=8, max_length=16, position="none")


def measured(root: Path, length: int = 16, machine: str = "this one") -> Artifact:
    inputs = Inputs((SMALL,), Task.FUNCTION, length, 0.0)
    return ArtifactStore(root).make(LATENCY, inputs, Settings(Machine(machine, 1, "2.0")))


def test_measured_times_are_kept_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = measured(tmp_path)

    def forbidden(*_: object) -> None:
        raise AssertionError("timed again")

    monkeypatch.setattr(stage_05_latency, "time_architectures", forbidden)
    assert measured(tmp_path).values == first.values
    for changed in ({"length": 17}, {"machine": "another one"}):
        with pytest.raises(AssertionError, match="timed again"):
            measured(tmp_path, **changed)  # type: ignore[arg-type]


def test_what_depends_on_times_has_another_key_where_they_are_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = measured(tmp_path / "first")
    monkeypatch.setattr(stage_05_latency, "time_architectures", lambda *_: np.asarray([123.0]))
    again = measured(tmp_path / "second")
    assert again.folder.name == first.folder.name
    assert again.key != first.key


def fit(data: Path, folder: Path, seed: int, barrier: Barrier, results: Any) -> None:
    """Fit the latency model in this process, at the same time as others; the result is the key and the costs."""
    stage_05_latency.SECONDS = 0.2
    job = Job.of(small_job(data, folder, seed=seed))
    corpus = stage_01_dataset.run(job)
    barrier.wait(300)
    latency = stage_05_latency.run(job, corpus, SearchSpace.from_config(job.cfg.search_space))
    results.put((corpus.key, latency.key, latency.model.costs.tolist(), latency.model.summary))


@pytest.mark.timeout(600)
def test_jobs_at_once_with_any_seed_share_one_measurement(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "data")
    for name in ("valid", "test", "train_unlabeled"):  # then the seed decides how the examples are split
        (data / f"{name}.jsonl").unlink()
    (data / "train_labeled.jsonl").rename(data / "train.jsonl")
    context = multiprocessing.get_context("spawn")
    results, barrier = context.Queue(), context.Barrier(4)
    started = [context.Process(target=fit, args=(data, tmp_path, seed, barrier, results)) for seed in (1, 1, 2, 3)]
    for process in started:
        process.start()
    keys, latencies, costs, summaries = zip(*(results.get(timeout=500) for _ in started), strict=True)
    for process in started:
        process.join()
    assert len(set(keys)) == 3, "the splits differ"
    assert len(list((tmp_path / "artifacts" / "latency").glob("*/manifest.json"))) == 1
    assert len(set(latencies)) == len(set(summaries)) == len(set(map(str, costs))) == 1
