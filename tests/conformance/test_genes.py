"""The contract of every gene: each registered gene is tested here, on every value that its rule allows."""

from dataclasses import fields, replace

import numpy as np
import pytest

from avatar.data.records import Task
from avatar.measure.latency_model import columns_of, parts
from avatar.space.architecture import TYPES, Architecture
from avatar.space.budgets import Budgets, Feasible
from avatar.space.cost import count_flops, count_params
from avatar.space.domains import Categorical
from avatar.space.genes import GENES, Cost, Gene
from avatar.space.genes.base import Name
from avatar.space.repair import Repairer
from avatar.space.space import SearchSpace, legal

EXAMPLES = {
    "vocab_size": (300, 500),
    "layers": (0, 1, 3),
    "hidden_size": (12, 24, 36),
    "hidden_dropout": (0.0, 0.5),
    "intermediate_size": (16, 40),
    "heads": (1, 2, 3),
    "attention_dropout": (0.0, 0.3),
    "max_length": (20, 50),
    "learning_rate": (1e-4, 1e-3),
    "batch_size": (8, 32),
    "embedding_size": (0, 8, 12),
    "window": (1, 3, 5),
    "wide": (0, 1),
}
"""Values of each gene that is a number, ascending; a new gene adds its own."""


def values(gene: Gene) -> tuple[object, ...]:
    return tuple(gene.choices) if isinstance(gene, Name) else EXAMPLES[gene.name]


def samples(count: int = 400) -> list[Architecture]:
    """Legal architectures, drawn from all values."""
    rng = np.random.default_rng(1)
    drawn = [
        Architecture(**{name: values(GENES[name])[rng.integers(len(values(GENES[name])))] for name in TYPES})
        for _ in range(20 * count)
    ]
    keep = legal({name: np.asarray([getattr(arch, name) for arch in drawn]) for name in TYPES})
    return [arch for arch, kept in zip(drawn, keep, strict=True) if kept][:count]


SAMPLES = samples()
SPACE = SearchSpace("all", tuple(Categorical(name, values(GENES[name])) for name in TYPES), Architecture())


@pytest.fixture(params=sorted(GENES))
def gene(request: pytest.FixtureRequest) -> Gene:
    return GENES[request.param]


def test_every_field_of_an_architecture_is_a_gene() -> None:
    assert set(GENES) == {field.name for field in fields(Architecture)}


def test_its_default_and_its_values_are_legal_and_others_are_not(gene: Gene) -> None:
    assert gene.problem(getattr(Architecture(), gene.name)) is None
    assert [gene.problem(value) for value in values(gene)] == [None] * len(values(gene))
    assert gene.problem("no such value")
    assert gene.problem(-1)


@pytest.mark.parametrize("task", list(Task))
def test_its_declared_cost_is_the_measured_cost(gene: Gene, task: Task) -> None:
    for arch in SAMPLES[:100]:
        family = [replace(arch, **{gene.name: value}) for value in values(gene)]
        counts = [(count_params(one, task), count_flops(one, task)) for one in family if SPACE.is_legal(one)]
        if gene.cost is Cost.NONE:
            assert len(set(counts)) == 1
        if gene.cost is Cost.GROWS:
            assert counts == sorted(counts)
            assert [flops for _, flops in counts] == sorted(flops for _, flops in counts)
        listed = [family[index] for index in gene.cheapest(np.asarray(values(gene)))]
        if gene.cost is Cost.LISTED and all(SPACE.is_legal(one) for one in listed):
            assert min(counts)[0] == min(count_params(one, task) for one in listed)


def test_an_illegal_row_is_repaired_and_a_legal_one_stays() -> None:
    rng = np.random.default_rng(2)
    rows = np.stack([rng.integers(0, size, 300) for size in SPACE.sizes], axis=1)
    repair = Repairer(Feasible(SPACE, Budgets(), Task.PAIR))
    for row in rows:
        repaired = repair(row, rng)
        assert SPACE.is_legal(SPACE.architecture(repaired))
        if SPACE.is_legal(SPACE.architecture(row)):
            assert SPACE.architecture(repaired) == SPACE.canonical(SPACE.architecture(row), Task.PAIR)


def test_a_rule_names_the_genes_that_it_reads(gene: Gene) -> None:
    if not gene.ties:
        assert not gene.rule
        return
    assert gene.name in gene.ties
    assert gene.rule
    everything = {name: np.asarray(getattr(SAMPLES[0], name)) for name in gene.ties}
    assert gene.legal(everything)  # it needs no other gene


@pytest.mark.parametrize("task", list(Task))
def test_the_canonical_form_is_the_same_student(gene: Gene, task: Task) -> None:
    for arch in SAMPLES:
        canonical = SPACE.canonical(arch, task)
        assert SPACE.canonical(canonical, task) == canonical
        assert count_params(canonical, task) == count_params(arch, task)
        assert count_flops(canonical, task) == count_flops(arch, task)


def test_its_terms_of_the_time_are_numbers_above_0(gene: Gene) -> None:
    columns = columns_of(SAMPLES)
    floats = {name: column if column.dtype.kind == "U" else column.astype(float) for name, column in columns.items()}
    for term in gene.time(floats, np.minimum(floats["max_length"], 30)):
        assert term.shape == (len(SAMPLES),)
        assert (np.asarray(term, float) >= 0).all()
        assert np.isfinite(np.asarray(term, float)).all()
    assert np.isfinite(parts(columns, 30)).all()


def test_different_architectures_have_different_descriptions(gene: Gene) -> None:
    assert gene.phrase(SAMPLES[0]) in str(SAMPLES[0])
