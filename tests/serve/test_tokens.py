"""The fast tokenizer against the library: the same ids, for every kind of tokenizer and every text."""

import inspect
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from avatar.bundle import TOKENIZER, Bundle, BundleConfig
from avatar.common.errors import ArtifactError
from avatar.data.tokenizers import TOKENIZERS, encode_texts, train_tokenizer
from avatar.serve import tokenizing as module
from avatar.serve.tokenizing import TextTokenizer
from students import TEXTS

LENGTH = 60
MODULE_TEXT = inspect.getsource(inspect)
PARTS = ["<s>", "<pad>", "<unk>", "é", "漢字", "\u0301", "\x00", "\x1c", "\u2028", "\xa0", "\t", "\r\n", "   ", "'s"]


@pytest.fixture(scope="module", params=[name for name in TOKENIZERS if TOKENIZERS.get(name).in_order])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[TextTokenizer, Tokenizer]:
    library = train_tokenizer(request.param, 400, TEXTS)
    folder = tmp_path_factory.mktemp(request.param)
    (folder / TOKENIZER).write_text(library.to_str(), encoding="utf-8")
    config = BundleConfig(task="function", max_length=LENGTH, labels=("a", "b"))
    return TextTokenizer(Bundle(folder, config, {})), library


def test_real_code(both: tuple[TextTokenizer, Tokenizer]) -> None:
    fast, library = both
    texts = [*TEXTS, MODULE_TEXT, MODULE_TEXT[1000:], ""]
    assert fast(texts) == encode_texts(library, texts, LENGTH)
    assert fast(texts) == encode_texts(library, texts, LENGTH), "from the kept pieces"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.one_of(
            st.text(st.characters(max_codepoint=127), max_size=200),
            st.lists(st.one_of(st.sampled_from(PARTS), st.text("aA_1 \n(", max_size=9)), max_size=60).map("".join),
        ),
        max_size=4,
    )
)
def test_any_text(both: tuple[TextTokenizer, Tokenizer], texts: list[str]) -> None:
    fast, library = both
    assert fast(texts) == encode_texts(library, texts, LENGTH)


def test_every_kind_has_its_fast_way(both: tuple[TextTokenizer, Tokenizer], monkeypatch: pytest.MonkeyPatch) -> None:
    fast, library = both
    monkeypatch.setattr(fast, "_tokenizer", None)  # the library's way would fail
    assert fast(TEXTS) == encode_texts(library, TEXTS, LENGTH)


def test_slices_and_a_full_cache_change_nothing(
    both: tuple[TextTokenizer, Tokenizer], monkeypatch: pytest.MonkeyPatch
) -> None:
    fast, library = both
    monkeypatch.setattr(module, "CHARACTERS_PER_TOKEN", 0)
    monkeypatch.setattr(module, "CACHED_PIECES", 0)
    monkeypatch.setattr(fast, "_known", {})
    assert fast(TEXTS) == encode_texts(library, TEXTS, LENGTH)
    assert not fast._known


def test_a_tokenizer_of_another_kind_goes_through_the_library(tmp_path: Path) -> None:
    library = train_tokenizer("bpe", 400, TEXTS)
    content = json.loads(library.to_str())
    content["normalizer"] = {"type": "Lowercase"}
    (tmp_path / TOKENIZER).write_text(json.dumps(content))
    config = BundleConfig(task="function", max_length=LENGTH, labels=("a", "b"))
    result = TextTokenizer(Bundle(tmp_path, config, {}))(["HELLO World"])
    assert result == [library.encode("hello world").ids]


def test_what_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    config = BundleConfig(task="function", max_length=LENGTH, labels=("a", "b"))
    for content, reason in (("{", "is not JSON"), ("{}", "is not a tokenizer"), ("[]", "contains a list")):
        (tmp_path / TOKENIZER).write_text(content)
        with pytest.raises(ArtifactError, match=reason):
            TextTokenizer(Bundle(tmp_path, config, {}))
