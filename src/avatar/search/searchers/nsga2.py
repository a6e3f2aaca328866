"""NSGA-II (Deb et al. 2002) on Optuna's ask and tell, with operators that keep architectures legal."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.samplers import NSGAIISampler
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from avatar.common.errors import ArtifactError
from avatar.common.hashing import stable_hash
from avatar.common.seeding import generator
from avatar.search.journal import SingleWriterJournal, stored_search
from avatar.search.objectives import Objective, SearchContext, evaluate, minimised
from avatar.search.pareto import crowding, front, ranks
from avatar.search.result import Progress, SearchResult, result_of
from avatar.search.variation import Row, Variation, as_row
from avatar.space.domains import Domain, Integer
from avatar.space.sampling import sample_adaptive
from avatar.space.space import Architectures, Indices, SearchSpace


class LegalNSGAII(NSGAIISampler):
    """Optuna's sampler with our own first generation and children; no architecture is evaluated twice.

    The survivors are chosen by rank and crowding among all evaluations so far, so a generation never loses a point
    of the front. Random numbers depend only on the seed and the number of the evaluation: a search that continues
    after a kill draws the same numbers.
    """

    def __init__(self, context: SearchContext, population: int, seed: int) -> None:
        super().__init__(population_size=population, seed=seed)
        self.space = context.space
        self.distributions = {gene.name: _distribution(gene) for gene in self.space.genes}
        self.seen: set[Row] = set()
        self.evaluation = 0
        self._seed = seed
        self._variation = Variation(context.feasible, seed)
        self._first = sample_adaptive(population, generator(seed, "initial"), context.feasible).indices
        self._parents: tuple[int, Indices, NDArray[np.int64], NDArray[np.float64]] | None = None
        self._next: Indices | None = None

    def propose(self, study: Study) -> bool:
        """Choose the architecture that the next `ask` gives; False where no new one is left."""
        if self.evaluation < len(self._first):
            self._next = self._first[self.evaluation]
        elif len(self._first) < int(self.population_size or 1):
            self._next = None  # the first generation was the whole feasible set
        else:
            rng = generator(self._seed, "child", self.evaluation)
            self._load_parents(study)
            self._next = self._variation.child(self._tournament, rng, lambda row: row not in self.seen)
        if self._next is not None:
            self.seen.add(as_row(self._next))
        return self._next is not None

    @property
    def proposed(self) -> Indices:
        """The row that the last `propose` chose."""
        if self._next is None:
            raise RuntimeError("call propose() before ask()")
        return self._next

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """All genes: none is sampled independently."""
        return self.distributions

    def get_trial_generation(self, study: Study, trial: FrozenTrial) -> int:
        """From the number of the evaluation; Optuna would count all trials each time."""
        return self.evaluation // int(self.population_size or 1)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The values that `propose` chose."""
        return {
            gene.name: gene.values[index].item() for gene, index in zip(self.space.genes, self.proposed, strict=True)
        }

    def select_parent(self, study: Study, generation: int) -> list[FrozenTrial]:
        """The best of all evaluated trials, by rank and crowding."""
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        points = np.asarray([trial.values for trial in trials])
        kept = survivors(points, int(self.population_size or 1))
        return [trials[index] for index in kept]

    def _load_parents(self, study: Study) -> None:
        number = self.evaluation // int(self.population_size or 1)
        if self._parents is not None and self._parents[0] == number:
            return
        trials = sorted(self.get_parent_population(study, number), key=lambda trial: trial.number)
        points = np.asarray([trial.values for trial in trials])
        rows = np.stack([row_of(trial, self.space) for trial in trials])
        self._parents = number, rows, ranks(points), crowding(points)

    def _tournament(self, rng: np.random.Generator) -> Indices:
        """The better of two random parents: lower rank, then larger crowding distance."""
        assert self._parents is not None
        _, rows, rank, distance = self._parents
        first, second = rng.integers(len(rows), size=2)
        better = (rank[second], -distance[second]) < (rank[first], -distance[first])
        return np.asarray(rows[second if better else first])


class NSGA2:
    """Adaptive random first generation, legal crossover and mutation, repair, no architecture twice."""

    def search(
        self,
        context: SearchContext,
        objectives: Sequence[type[Objective]],
        evaluations: int,
        population: int,
        seed: int,
        storage: Path | None = None,
        progress: Progress | None = None,
    ) -> SearchResult:
        """See `Searcher`. `storage` is an Optuna journal that `optuna.load_study` can read."""
        start = time.perf_counter()
        context.feasible.check()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        sampler = LegalNSGAII(context, max(2, min(population, evaluations // 10)), seed)
        journal = SingleWriterJournal(storage) if storage is not None else None
        try:
            names = [objective.name for objective in objectives]
            settings = [context.space, context.budgets, context.task, names, sampler.population_size, seed]
            with stored_search(storage):
                backend = InMemoryStorage() if journal is None else JournalStorage(journal)
                study = _open_study(backend, sampler, names, stable_hash(settings))
                done = _stored(study, sampler, context, objectives)
            sampler.evaluation = len(done)
            while sampler.evaluation < evaluations:
                batch = int(sampler.population_size or 1)
                batch = min(batch - sampler.evaluation % batch, evaluations - sampler.evaluation)
                batch_rows = _ask(study, sampler, batch)
                if not batch_rows:
                    break
                rows = np.stack([row for _, row in batch_rows])
                values = evaluate(Architectures(context.space, rows), objectives, context)
                for (trial, _), losses in zip(batch_rows, minimised(values, objectives), strict=True):
                    study.tell(trial, losses.tolist())
                done += [row for _, row in batch_rows]
                if progress is not None:
                    progress(len(done), evaluations)
        finally:
            if journal is not None:
                journal.close()
        archs = Architectures(context.space, np.stack(done[:evaluations]))
        return result_of(archs, evaluate(archs, objectives, context), objectives, time.perf_counter() - start)


def survivors(points: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Indices of the `count` best points: by rank, and within the last rank by crowding."""
    kept = np.empty(0, dtype=np.intp)
    rest = np.arange(len(points))
    while len(rest) and len(kept) < count:
        best = front(points[rest])
        members, rest = rest[best], np.delete(rest, best)
        if len(kept) + len(members) > count:
            distance = crowding(points[members])
            members = members[np.argsort(-distance, kind="stable")[: count - len(kept)]]
        kept = np.concatenate([kept, members])
    return kept


def row_of(trial: FrozenTrial, space: SearchSpace) -> Indices:
    """The index of each gene's value in a stored trial, (genes,)."""
    return np.asarray(
        [
            gene.values.tolist().index(trial.params[gene.name])
            if not isinstance(gene, Integer)
            else (trial.params[gene.name] - gene.low) // gene.step
            for gene in space.genes
        ]
    )


def _distribution(gene: Domain) -> BaseDistribution:
    if isinstance(gene, Integer):
        return IntDistribution(gene.low, int(gene.values[-1]), step=gene.step)
    return CategoricalDistribution(gene.values.tolist())


def _open_study(backend: BaseStorage, sampler: LegalNSGAII, names: list[str], fingerprint: str) -> Study:
    study = optuna.create_study(
        storage=backend,
        sampler=sampler,
        study_name="search",
        load_if_exists=True,
        directions=["minimize"] * len(names),
    )
    if study.user_attrs.get("settings", fingerprint) != fingerprint:
        raise ArtifactError(
            "the stored search was started with other settings",
            "delete the stored search, or use another file",
        )
    study.set_user_attr("settings", fingerprint)
    study.set_user_attr("objectives", names)
    return study


def _stored(
    study: Study, sampler: LegalNSGAII, context: SearchContext, objectives: Sequence[type[Objective]]
) -> list[Indices]:
    """The rows that an earlier process evaluated; its unfinished trials are closed as failed."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    rows = [row_of(trial, context.space) for trial in trials]
    sampler.seen.update(as_row(row) for row in rows)
    if rows:
        values = evaluate(Architectures(context.space, np.stack(rows)), objectives, context)
        stored = np.asarray([trial.values for trial in trials])
        if not np.allclose(minimised(values, objectives), stored, rtol=1e-6, atol=1e-9):
            raise ArtifactError(
                "the stored search was made with another surrogate or latency model",
                "delete the stored search, or use another file",
            )
    return rows


def _ask(study: Study, sampler: LegalNSGAII, count: int) -> list[tuple[Trial, Indices]]:
    trials: list[tuple[Trial, Indices]] = []
    for _ in range(count):
        if not sampler.propose(study):
            break
        trials.append((study.ask(sampler.distributions), sampler.proposed))
        sampler.evaluation += 1
    return trials
