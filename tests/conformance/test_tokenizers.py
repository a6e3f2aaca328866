"""Every tokenizer kind: special tokens, limits, determinism."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from avatar.common.errors import ConfigError
from avatar.data.tokenizers import (
    FIRST,
    PAD,
    SPECIAL_TOKENS,
    TOKENIZERS,
    UNKNOWN,
    encode_texts,
    tokenizer_of,
    train_tokenizer,
)

TEXTS = [f"int add_{name}(int firstValue, int x{name}) {{ return firstValue + {name}; }}" for name in range(40)]
TRAINED = {kind: train_tokenizer(kind, 400, TEXTS) for kind in TOKENIZERS}


@pytest.mark.parametrize("kind", list(TOKENIZERS))
def test_special_tokens_have_fixed_ids_and_every_text_starts_with_the_first(kind: str) -> None:
    tokenizer = TRAINED[kind]
    assert [tokenizer.token_to_id(token) for token in (PAD, UNKNOWN, FIRST)] == [0, 1, 2]
    assert all(row[0] == 2 for row in encode_texts(tokenizer, [*TEXTS, ""], 50))
    assert tokenizer.get_vocab_size() <= 400


@pytest.mark.parametrize("kind", list(TOKENIZERS))
def test_training_twice_gives_the_same_ids(kind: str) -> None:
    again = train_tokenizer(kind, 400, TEXTS)
    assert encode_texts(again, TEXTS, 99) == encode_texts(TRAINED[kind], TEXTS, 99)


@pytest.mark.parametrize("kind", list(TOKENIZERS))
def test_a_saved_tokenizer_reads_the_same(kind: str) -> None:
    again = tokenizer_of(TRAINED[kind].to_str())
    assert encode_texts(again, TEXTS, 99) == encode_texts(TRAINED[kind], TEXTS, 99)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.integers(1, 30))
def test_any_text_becomes_known_ids_within_the_limit(text: str, limit: int) -> None:
    for tokenizer in TRAINED.values():
        (row,) = encode_texts(tokenizer, [text], limit)
        assert 1 <= len(row) <= limit
        assert all(0 <= token < tokenizer.get_vocab_size() for token in row)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=80))
def test_bpe_loses_nothing(text: str) -> None:
    assume(not any(token in text for token in SPECIAL_TOKENS))
    tokenizer = TRAINED["bpe"]
    (row,) = encode_texts(tokenizer, [text], 10_000)
    assert tokenizer.decode(row) == text


def test_a_huge_function_is_cut_before_it_costs_time() -> None:
    (row,) = encode_texts(TRAINED["bpe"], ["x = 1\n" * 100_000], 400)
    assert len(row) == 400


def test_a_vocabulary_below_the_alphabet_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least 260"):
        train_tokenizer("bpe", 100, TEXTS)
