"""The start of token tables: what an n-gram student knows about words, for the tokens of any tokenizer."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from avatar.bundle.ngram_weights import NgramWeights
from avatar.code.lexer import Lexer, word_spans
from avatar.code.ngrams import ngram_features, word_features
from avatar.common.errors import ConfigError
from avatar.config.schema import DistillConfig, TrainerConfig
from avatar.data.batching import Examples, TokenTable
from avatar.data.records import Task
from avatar.data.tokenizers import PAD_ID, SPECIAL_TOKENS, TOKENIZERS, UNKNOWN_ID, train_tokenizer
from avatar.serve.default_student import FOLDER
from avatar.space.architecture import Architecture
from avatar.student.distillation import distil
from avatar.student.encoder import TOKEN_SPREAD, StudentModel
from avatar.student.word_vectors import (
    TokenVectors,
    WordVectors,
    read_word_vectors,
    start_digest,
    token_vectors,
)
from students import tiny_bundle

TEXTS = ["int getFile(int file) { return file_name + xyzzy; }", "int closeFile() { getFile(getName()); }"]
ARCH = Architecture(
    tokenizer="word", vocab_size=40, layers=0, hidden_size=16, max_length=32, pooling="max", position="none"
)


def words(**vectors: list[float]) -> WordVectors:
    tags = (word_features(list(vectors)) >> np.uint64(32)).astype(np.uint32)
    order = np.argsort(tags)
    return WordVectors(tags[order], np.array(list(vectors.values()), np.float32)[order])


def by_piece(tokenizer: Tokenizer, start: TokenVectors) -> dict[str, list[float]]:
    rows = zip(start.tokens.tolist(), start.vectors.tolist(), strict=True)
    return {tokenizer.id_to_token(token): row for token, row in rows}


def test_a_words_feature_is_the_one_that_readers_find_in_code() -> None:
    digests, _ = ngram_features(Lexer(), ["parseHttpHeader"], [None], ["w1"])
    assert sorted(digests.tolist()) == sorted(word_features(["parse", "http", "header"]).tolist())


def test_spans_of_words() -> None:
    text = "getHTTPName_2 = new"
    assert [text[low:high] for low, high in word_spans(text)] == ["get", "HTTP", "Name", "2", "new"]


def test_a_whole_word_has_its_own_vector() -> None:
    known = words(get=[1, 0, 0], file=[0, 1, 0])
    tokenizer = train_tokenizer("word", 100, TEXTS)
    of = by_piece(tokenizer, token_vectors(known, tokenizer, TEXTS))
    assert of == {"get": [1, 0, 0], "File": [0, 1, 0], "file": [0, 1, 0]}


def test_a_piece_has_the_mean_of_the_words_that_it_is_in() -> None:
    """The only merge is `ab`, which is in `abx` twice and in `aby` once; `zzz` is an unknown word."""
    texts = ["abx abx aby zzz"]
    tokenizer = train_tokenizer("bpe", 260, texts * 5)
    of = by_piece(tokenizer, token_vectors(words(abx=[3, 0], aby=[0, 3]), tokenizer, texts))
    assert of == {"ab": [2, 1], "x": [3, 0], "y": [0, 3]}


@pytest.mark.parametrize("kind", TOKENIZERS.names())
def test_every_kind_of_tokenizer_gets_vectors_of_the_installed_student(kind: str) -> None:
    known = read_word_vectors("default")
    texts = [f"public void close{name}(File {name.lower()}) {{ read(buffer); }}" for name in "ABCDEFGH"] * 3
    tokenizer = train_tokenizer(kind, 300, texts)
    start = token_vectors(known, tokenizer, texts)
    assert 0 < len(start.tokens) < tokenizer.get_vocab_size() - len(SPECIAL_TOKENS)
    assert start.tokens.min() >= len(SPECIAL_TOKENS)
    assert np.isfinite(start.vectors).all()
    if not isinstance(tokenizer, Tokenizer):
        return
    pieces = [tokenizer.id_to_token(int(token)) for token in start.tokens]
    assert any(piece.strip("#Ġ▁") and piece.strip("#Ġ▁") in "buffer" for piece in pieces)
    assert not any(piece in ("(", "{", "<s>", "<pad>", "<unk>") for piece in pieces)


def test_unknown_words_have_no_vector() -> None:
    vectors, known = words(get=[1, 2]).of(["get", "xyzzy"])
    assert known.tolist() == [True, False]
    assert vectors.tolist() == [[1, 2], [0, 0]]
    assert token_vectors(words(other=[1.0]), train_tokenizer("word", 100, TEXTS), TEXTS).vectors.shape == (0, 1)


@pytest.mark.parametrize("width", [4, 8, 24])
def test_projection_keeps_angles_as_far_as_the_width_allows(width: int) -> None:
    """8 numbers hold vectors of 8 numbers exactly, more too; 4 numbers those that lie in 4 directions."""
    random = np.random.default_rng(1)
    plain = random.normal(size=(50, min(width, 8))) @ np.eye(8)[: min(width, 8)]
    start = TokenVectors(np.arange(50), plain.astype(np.float32))
    made = start.projected(width, 0.02, seed=3)
    assert made.shape == (50, width)
    np.testing.assert_allclose(np.sqrt(np.square(made).mean(axis=1)), 0.02, rtol=1e-4)
    units = [table / np.linalg.norm(table, axis=1, keepdims=True) for table in (plain, made)]
    np.testing.assert_allclose(units[1] @ units[1].T, units[0] @ units[0].T, atol=1e-4)


def test_tokens_without_a_vector_keep_their_random_row() -> None:
    torch.manual_seed(5)
    plain = StudentModel(ARCH, Task.PAIR)
    torch.manual_seed(5)
    started = StudentModel(ARCH, Task.PAIR)
    vectors = np.random.default_rng(0).normal(size=(6, 20)).astype(np.float32)
    started.start_tokens(TokenVectors(np.array([3, 5, 8, 13, 21, 34]), vectors))
    changed = (plain.tokens.weight != started.tokens.weight).any(dim=1)
    assert changed.nonzero().flatten().tolist() == [3, 5, 8, 13, 21, 34]
    others = {name: value for name, value in started.state_dict().items() if name != "tokens.weight"}
    assert all(torch.equal(value, plain.state_dict()[name]) for name, value in others.items())
    assert started.tokens.weight[changed].std().item() == pytest.approx(TOKEN_SPREAD, rel=0.2)


def test_training_begins_with_the_start(tmp_path: Path) -> None:
    """With a learning rate of almost 0, the trained table is the start."""
    tokens = TokenTable.from_lists([[3, 4, 5], [3, 6], [4, 7], [5, 8]], PAD_ID, UNKNOWN_ID)
    members, labels = np.array([[0, 1], [2, 3], [0, 2], [1, 3]]), np.array([0, 1, 0, 1])
    soft = np.array([[1, -1], [-1, 1]] * 2, np.float32)
    examples = Examples(tokens, members, labels, soft)
    start = TokenVectors(np.array([3, 4]), np.eye(2, 30, dtype=np.float32))
    made = {}
    for name, given in (("random", None), ("started", start)):
        recipe = DistillConfig(epochs=1, learning_rate=1e-9, weight_decay=0.0)
        trainer = TrainerConfig(progress="none")
        made[name] = distil(
            ARCH, Task.PAIR, examples, examples, recipe, trainer, 1, tmp_path / name, start=given
        ).model.tokens.weight.detach()
    moved = (made["random"] - made["started"]).abs().amax(dim=1) > 1e-6
    assert moved.nonzero().flatten().tolist() == [3, 4]
    cosine = torch.cosine_similarity(made["started"][3], made["started"][4], dim=0)
    assert abs(cosine.item()) < 1e-3  # the two vectors are orthogonal, and 16 numbers have room for both


def test_the_digest_does_not_depend_on_the_folder(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "copy")
    assert start_digest(str(tmp_path / "copy")) == start_digest("default")
    assert start_digest(None) is None


def test_a_bundle_of_another_kind_is_refused(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "bundle", Task.PAIR)
    with pytest.raises(ConfigError, match="is not an n-gram student"):
        read_word_vectors(str(tmp_path / "bundle"))


def test_vectors_are_rows_of_the_block_meaning() -> None:
    known = read_word_vectors("default")
    weights = NgramWeights(known.tags, known.vectors.astype(np.int8), np.zeros((0, 1), np.int8))
    (file, buffer, again), has = known.of(["file", "buffer", "file"])
    assert has.all()
    np.testing.assert_array_equal(file, again)
    assert not np.array_equal(file, buffer)
    assert weights.buckets == 0
