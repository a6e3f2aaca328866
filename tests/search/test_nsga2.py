import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.common.errors import ArtifactError
from avatar.search.objectives import minimised
from avatar.search.pareto import hypervolume
from avatar.search.result import SEARCHERS, SearchResult
from avatar.search.searchers import nsga2
from avatar.search.variation import Variation
from avatar.space.budgets import Budgets
from avatar.space.space import Architectures
from spaces import THREE, context, small_space

SPACE = small_space()
CONTEXT = context(SPACE, Budgets(mb=0.3, gflops=0.02))
ROW = st.tuples(*(st.integers(0, size - 1) for size in SPACE.sizes)).map(np.asarray)


def search(storage: Path | None = None, evaluations: int = 120, seed: int = 4) -> SearchResult:
    return SEARCHERS.get("nsga2")().search(CONTEXT, THREE, evaluations, 10, seed, storage)


@settings(deadline=None, max_examples=50)
@given(ROW, ROW, st.integers(0, 99))
def test_every_child_is_legal_and_within_budget(first: np.ndarray, second: np.ndarray, seed: int) -> None:
    variation = Variation(CONTEXT.feasible, seed=0)
    rng = np.random.default_rng(seed)
    crossed = variation.crossover(first, second, rng)
    mutated = variation.mutate(first, rng)
    for row in (crossed, mutated):
        assert ((row >= 0) & (row < np.asarray(SPACE.sizes))).all()
        assert CONTEXT.feasible(Architectures(SPACE, variation.repair(row, rng)[None]))[0]
    assert (mutated != first).any()
    child = variation.child(lambda _: first, rng, lambda row: row != tuple(first))
    assert child is not None
    assert CONTEXT.feasible(Architectures(SPACE, child[None]))[0]
    assert tuple(child) != tuple(first)


def test_parents_do_not_change() -> None:
    variation = Variation(CONTEXT.feasible, seed=0)
    first, second = np.zeros(6, dtype=np.int64), np.asarray(SPACE.sizes) - 1
    kept = first.copy(), second.copy()
    for seed in range(20):
        variation.mutate(variation.crossover(first, second, np.random.default_rng(seed)), np.random.default_rng(seed))
    np.testing.assert_array_equal((first, second), kept)


def test_it_beats_random_search() -> None:
    exact = SEARCHERS.get("exhaustive")().search(CONTEXT, THREE, 0, 0, 0)
    points = minimised(exact.values, THREE)
    reference = points.max(axis=0) + 0.1 * np.ptp(points, axis=0)

    def share(result: SearchResult) -> float:
        return hypervolume(minimised(result.front_values, THREE), reference) / hypervolume(points, reference)

    ours = np.median([share(search(evaluations=300, seed=seed)) for seed in range(3)])
    random = np.median([share(SEARCHERS.get("random")().search(CONTEXT, THREE, 300, 10, seed)) for seed in range(3)])
    assert ours > random
    assert ours > 0.98


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from search.test_nsga2 import search
from avatar.search.journal import SingleWriterJournal
append, remaining = SingleWriterJournal.append_logs, [int(sys.argv[3])]
def append_and_die(self, logs):
    append(self, logs)
    remaining[0] -= 1
    if not remaining[0]:
        os.kill(os.getpid(), signal.SIGKILL)
SingleWriterJournal.append_logs = append_and_die
search(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("entries", [3, 217, 611])
def test_a_killed_search_ends_as_if_it_had_not_been(entries: int, tmp_path: Path) -> None:
    storage = tmp_path / "search.log"
    process = subprocess.run(
        [sys.executable, "-c", KILLED, str(storage), str(Path(__file__).parents[1]), str(entries)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    with storage.open("ab") as stream:
        stream.write(b'{"op_code": 5, "cut o')
    resumed, undisturbed = search(storage), search()
    assert resumed.architectures == undisturbed.architectures
    np.testing.assert_array_equal(resumed.front, undisturbed.front)


def test_a_finished_search_is_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = search(tmp_path / "search.log").architectures
    monkeypatch.setattr(nsga2.LegalNSGAII, "propose", None)
    assert search(tmp_path / "search.log").architectures == expected


def test_a_stored_search_of_other_settings_is_refused(tmp_path: Path) -> None:
    search(tmp_path / "search.log")
    with pytest.raises(ArtifactError, match="other settings"):
        search(tmp_path / "search.log", seed=5)
    other = context(SPACE, CONTEXT.budgets, seed=9)
    with pytest.raises(ArtifactError, match="another surrogate"):
        SEARCHERS.get("nsga2")().search(other, THREE, 120, 10, 4, tmp_path / "search.log")


def test_the_journal_is_an_optuna_study(tmp_path: Path) -> None:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    result = search(tmp_path / "search.log")
    study = optuna.load_study(
        study_name="search", storage=JournalStorage(JournalFileBackend(str(tmp_path / "search.log")))
    )
    assert len(study.trials) == 120
    assert study.trials[7].params["hidden_size"] == result.architectures[7].hidden_size
    assert len(study.best_trials) == len(result.front)


def test_an_unreadable_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / "search.log").write_text("no json\n")
    with pytest.raises(ArtifactError, match=r"search\.log"):
        search(tmp_path / "search.log")


def test_survivors_prefer_rank_then_crowding_distance() -> None:
    points = np.array([[0.0, 3.0], [1.0, 2.0], [1.1, 1.9], [3.0, 0.0], [4.0, 4.0]])
    assert sorted(nsga2.survivors(points, 3).tolist()) == [0, 2, 3]
    assert sorted(nsga2.survivors(points, 5).tolist()) == [0, 1, 2, 3, 4]


def not_optunas(lines: list[str]) -> list[str]:
    return ['{"a": 1}'] * len(lines)


def lists(lines: list[str]) -> list[str]:
    return ["[1]"] * len(lines)


def deep(lines: list[str]) -> list[str]:
    return ["[" * 20_000 + "]" * 20_000]


def other_genes(lines: list[str]) -> list[str]:
    return [line.replace('"hidden_size"', '"hidden"') for line in lines]


def other_values(lines: list[str]) -> list[str]:
    return [line.replace('"values":[', '"values":[7') for line in lines]


def other_operations(lines: list[str]) -> list[str]:
    return [line.replace('"op_code":5', '"op_code":99').replace('"op_code": 5', '"op_code": 99') for line in lines]


def zeros(lines: list[str]) -> list[str]:
    return ["\x00" * len(line) for line in lines]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "damage",
    [not_optunas, lists, deep, other_genes, other_values, zeros, other_operations],
)
def test_a_damaged_or_foreign_journal_is_one_clear_error(
    damage: Callable[[list[str]], list[str]], tmp_path: Path
) -> None:
    path = tmp_path / "search.log"
    search(path, evaluations=20)
    lines = path.read_text().splitlines()
    assert damage(lines) != lines
    path.write_text("\n".join(damage(lines)) + "\n")
    with pytest.raises(ArtifactError, match="stored search") as caught:
        search(path)
    assert "delete" in caught.value.hint
    assert caught.value.exit_status == 2


def test_a_journal_that_lost_its_beginning_starts_again(tmp_path: Path) -> None:
    path = tmp_path / "search.log"
    search(path, evaluations=20)
    path.write_text("\n".join(path.read_text().splitlines()[3:]) + "\n")
    again, undisturbed = search(path), search()
    assert again.architectures == undisturbed.architectures
    np.testing.assert_array_equal(again.values, undisturbed.values)
