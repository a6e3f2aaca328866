import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.common.errors import ConfigError
from avatar.config.schema import GeneConfig, SearchSpaceConfig
from avatar.data.records import Task
from avatar.space.architecture import Architecture
from avatar.space.budgets import Budgets, fits
from avatar.space.space import Architectures, SearchSpace
from spaces import SMALL, read_space, small_space

SPACE = small_space()
ROWS = st.tuples(*(st.integers(0, size - 1) for size in SPACE.sizes))


@given(st.lists(ROWS, min_size=1, max_size=20))
def test_indices_and_architectures_are_two_forms_of_the_same(rows: list[tuple[int, ...]]) -> None:
    archs = Architectures(SPACE, np.asarray(rows))
    assert (SPACE.architectures(list(archs)).indices == archs.indices).all()
    assert all(SPACE.contains(arch) for arch in archs)
    wider = small_space({**SMALL, "vocab_size": GeneConfig(low=500, high=9000, step=500)})
    assert list(wider.architectures(archs)) == list(archs)


@given(ROWS)
def test_canonical_form_is_stable_and_the_same_student(row: tuple[int, ...]) -> None:
    arch = Architectures(SPACE, np.asarray([row]))[0]
    canonical = SPACE.canonical(arch)
    assert SPACE.canonical(canonical) == canonical
    assert (SPACE.encode([arch]) == SPACE.encode([canonical])).all()
    assert SPACE.is_canonical(SPACE.architectures([arch]))[0] == (arch == canonical)
    if arch.layers:
        assert canonical == arch


def test_without_layers_what_only_layers_use_makes_no_difference() -> None:
    one = Architecture(
        layers=0,
        heads=3,
        intermediate_size=64,
        vocab_size=1000,
        hidden_size=16,
        position="relative_key",
        pooling="mean",
        max_length=64,
    )
    other = replace(one, heads=4, intermediate_size=256, position="none")
    assert SPACE.canonical(one) == SPACE.canonical(other)
    assert SPACE.canonical(one) != SPACE.canonical(replace(one, position="absolute"))


def test_the_pair_head_makes_no_difference_to_functions() -> None:
    space = small_space({**SMALL, "head": GeneConfig(choices=["interaction", "concat"])})
    arch = space.architectures([replace(Architecture(), **_values(), head="concat")])[0]
    assert space.canonical(arch, Task.FUNCTION).head == "interaction"
    assert space.canonical(arch, Task.PAIR) == arch


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"hidden_size": 30, "heads": 4}, False),
        ({"hidden_size": 30, "heads": 4, "layers": 0, "pooling": "mean"}, True),
        ({"layers": 0, "pooling": "first"}, False),
        ({"embedding_size": 80}, False),
        ({"embedding_size": 64}, True),
    ],
)
def test_legality(changed: dict[str, object], expected: bool) -> None:
    assert SPACE.is_legal(replace(Architecture(), **changed)) is expected


def test_encoding_is_one_hot_for_names_and_logarithmic_for_numbers() -> None:
    space = small_space(
        {"vocab_size": GeneConfig(choices=[1000, 2000, 4000]), "tokenizer": GeneConfig(choices=["bpe", "word"])}
    )
    base = space.base
    encoded = space.encode([replace(base, vocab_size=size, tokenizer="word") for size in (1000, 2000, 4000)])
    assert space.encoded_names == ("tokenizer=bpe", "tokenizer=word", "vocab_size")
    np.testing.assert_allclose(encoded[:, 2], [0.0, 0.5, 1.0])
    categories = space.encode([replace(base, vocab_size=1000, tokenizer=kind) for kind in ("bpe", "word")])
    assert np.linalg.norm(categories[0] - categories[1]) == pytest.approx(1.0)


def test_factorised_tokens_are_encoded_by_their_width() -> None:
    space = small_space(
        {"embedding_size": GeneConfig(choices=[0, 16, 64]), "hidden_size": GeneConfig(choices=[16, 64])}
    )
    archs = [replace(space.base, hidden_size=64, embedding_size=size) for size in (0, 64, 16)]
    encoded = space.encode(archs)
    assert (encoded[0] == encoded[1]).all()
    assert encoded[0, -1] > encoded[2, -1]


def test_a_value_outside_the_domain_is_named() -> None:
    with pytest.raises(ConfigError, match="vocab_size=1234"):
        SPACE.architectures([replace(Architecture(), **{**_values(), "vocab_size": 1234})])
    with pytest.raises(ConfigError, match="hidden_size=16"):
        small_space({"hidden_size": GeneConfig(choices=[32, 64])}).architectures(
            Architectures(SPACE, np.zeros((1, 6), dtype=np.int64))
        )


def test_all_problems_of_a_config_come_at_once() -> None:
    config = SearchSpaceConfig(
        "broken",
        {
            "hiden_size": GeneConfig(low=1, high=2),
            "layers": GeneConfig(low=5, high=2),
            "heads": GeneConfig(),
            "position": GeneConfig(choices=["absolut"]),
            "vocab_size": GeneConfig(low=1000, high=2000, step=0),
            "hidden_dropout": GeneConfig(choices=[0.1, 1.5]),
            "batch_size": GeneConfig(choices=[]),
            "max_length": GeneConfig(choices=[128, 128]),
            "learning_rate": GeneConfig(low=1, high=2),
        },
        {"layers": 3, "pooling": "sum", "intermediate_size": "many", "colour": 1},
    )
    with pytest.raises(ConfigError) as caught:
        SearchSpace.from_config(config)
    message = str(caught.value)
    for expected in (
        "hiden_size.*did you mean 'hidden_size'",
        "low 5 is above high 2",
        "genes.heads: give either",
        "'absolut'.*did you mean 'absolute'",
        "step 0",
        "1.5 must be below 1",
        "choices is empty",
        "listed twice",
        "learning_rate: a float gene needs choices",
        "fixed.layers: .*searched as well",
        "'sum' is not a pooling",
        "'many'",
        "'colour'",
    ):
        assert re.search(expected, message), expected
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    "genes",
    [
        {"hidden_size": GeneConfig(choices=[15]), "heads": GeneConfig(choices=[4])},
        {"layers": GeneConfig(low=0, high=0), "pooling": GeneConfig(choices=["first"])},
    ],
)
def test_a_space_without_a_legal_member_is_refused(genes: dict[str, GeneConfig]) -> None:
    with pytest.raises(ConfigError, match="no architecture of the search space"):
        SearchSpace.from_config(SearchSpaceConfig("none", genes, {"embedding_size": 0}))


def test_a_space_without_genes_is_refused() -> None:
    with pytest.raises(ConfigError, match="genes is empty"):
        SearchSpace.from_config(SearchSpaceConfig("none", {}, {"layers": 1}))


@pytest.mark.parametrize("name", ["avatar", "compressor", "lean"])
def test_the_shipped_spaces_are_valid(name: str) -> None:
    space = read_space(name)
    archs = Architectures(space, np.zeros((1, len(space.genes)), dtype=np.int64))
    assert space.contains(archs[0])
    assert hash(space) == hash(read_space(name))


def test_the_papers_thirteen_genes() -> None:
    space = read_space("avatar")
    assert len(space.genes) == 13
    assert space.values("heads").tolist() == list(range(1, 13))
    assert (space.values("vocab_size")[0], space.values("vocab_size")[-1]) == (1000, 46_000)


def test_fits_one_architecture() -> None:
    arch = Architecture()
    assert fits(arch, Budgets(mb=4), Task.PAIR)
    assert not fits(arch, Budgets(mb=1), Task.PAIR)
    assert not fits(arch, Budgets(mb=4, gflops=0.01), Task.PAIR)


def _values() -> dict[str, object]:
    return {
        "layers": 1,
        "hidden_size": 48,
        "heads": 3,
        "intermediate_size": 64,
        "position": "none",
        "pooling": "mean",
        "max_length": 64,
        "vocab_size": 1000,
    }
