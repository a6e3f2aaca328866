"""NSGA-II (Deb et al. 2002) on Optuna's ask and tell, with operators that know what is legal."""

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
from avatar.search.journal import SingleWriterJournal
from avatar.search.objectives import Objective, SearchContext, evaluate, minimised
from avatar.search.pareto import crowding, front, ranks
from avatar.search.result import Progress, SearchResult, result_of
from avatar.search.variation import Row, Variation, as_row
from avatar.space.domains import Domain, Integer
from avatar.space.sampling import sample_adaptive
from avatar.space.space import Architectures, Indices, SearchSpace


class LegalNSGAII(NSGAIISampler):
    """Optuna's sampler with our first generation and our children, each evaluated once.

    The survivors are chosen by rank and crowding among everything seen so far, so that a generation never
    loses a point of the front. Random numbers depend on the seed and the number of the evaluation alone:
    a search that goes on after a kill draws what it would have drawn.
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
        """Choose what the next `ask` gives; False where no new architecture is left."""
        if self.evaluation < len(self._first):
            self._next = self._first[self.evaluation]
        elif len(self._first) < int(self.population_size or 1):
            self._next = None  # the first generation has been the whole feasible set
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
            raise RuntimeError("propose comes before ask")
        return self._next

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """All genes: none is left to independent sampling."""
        return self.distributions

    def get_trial_generation(self, study: Study, trial: FrozenTrial) -> int:
        """Known from the number of the evaluation; Optuna would count all trials each time."""
        return self.evaluation // int(self.population_size or 1)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The values that `propose` chose."""
        return {
            gene.name: gene.values[place].item() for gene, place in zip(self.space.genes, self.proposed, strict=True)
        }

    def select_parent(self, study: Study, generation: int) -> list[FrozenTrial]:
        """The best of all that has been evaluated, by rank and crowding."""
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        points = np.asarray([trial.values for trial in trials])
        kept = survivors(points, int(self.population_size or 1))
        return [trials[place] for place in kept]

    def _load_parents(self, study: Study) -> None:
        number = self.evaluation // int(self.population_size or 1)
        if self._parents is not None and self._parents[0] == number:
            return
        trials = sorted(self.get_parent_population(study, number), key=lambda trial: trial.number)
        points = np.asarray([trial.values for trial in trials])
        rows = np.stack([row_of(trial, self.space) for trial in trials])
        self._parents = number, rows, ranks(points), crowding(points)

    def _tournament(self, rng: np.random.Generator) -> Indices:
        """The better of two random parents: lower rank, then more room around it."""
        assert self._parents is not None
        _, rows, rank, room = self._parents
        first, second = rng.integers(len(rows), size=2)
        better = (rank[second], -room[second]) < (rank[first], -room[first])
        return np.asarray(rows[second if better else first])


class NSGA2:
    """Adaptive-random first generation, legal crossover and mutation, repair, no architecture twice."""

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
            backend = InMemoryStorage() if journal is None else JournalStorage(journal)
            names = [objective.name for objective in objectives]
            settings = [context.space, context.budgets, context.task, names, sampler.population_size, seed]
            study = _open_study(backend, sampler, names, stable_hash(settings))
            done = _stored(study, sampler, context, objectives)
            sampler.evaluation = len(done)
            while sampler.evaluation < evaluations:
                batch = int(sampler.population_size or 1)
                batch = min(batch - sampler.evaluation % batch, evaluations - sampler.evaluation)
                asked = _ask(study, sampler, batch)
                if not asked:
                    break
                rows = np.stack([row for _, row in asked])
                values = evaluate(Architectures(context.space, rows), objectives, context)
                for (trial, _), losses in zip(asked, minimised(values, objectives), strict=True):
                    study.tell(trial, losses.tolist())
                done += [row for _, row in asked]
                if progress is not None:
                    progress(len(done), evaluations)
        finally:
            if journal is not None:
                journal.close()
        found = Architectures(context.space, np.stack(done[:evaluations]))
        return result_of(found, evaluate(found, objectives, context), objectives, time.perf_counter() - start)


def survivors(points: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Rows of the `count` best points: by rank, and the last rank by crowding."""
    kept = np.empty(0, dtype=np.intp)
    left = np.arange(len(points))
    while len(left) and len(kept) < count:
        best = front(points[left])
        members, left = left[best], np.delete(left, best)
        if len(kept) + len(members) > count:
            room = crowding(points[members])
            members = members[np.argsort(-room, kind="stable")[: count - len(kept)]]
        kept = np.concatenate([kept, members])
    return kept


def row_of(trial: FrozenTrial, space: SearchSpace) -> Indices:
    """The places of the values that a stored trial has."""
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
            "give it another file, or delete the stored one",
        )
    study.set_user_attr("settings", fingerprint)
    study.set_user_attr("objectives", names)
    return study


def _stored(
    study: Study, sampler: LegalNSGAII, context: SearchContext, objectives: Sequence[type[Objective]]
) -> list[Indices]:
    """What an earlier process evaluated; trials that it left open are closed as failed."""
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
                "give it another file, or delete the stored one",
            )
    return rows


def _ask(study: Study, sampler: LegalNSGAII, count: int) -> list[tuple[Trial, Indices]]:
    asked: list[tuple[Trial, Indices]] = []
    for _ in range(count):
        if not sampler.propose(study):
            break
        asked.append((study.ask(sampler.distributions), sampler.proposed))
        sampler.evaluation += 1
    return asked
