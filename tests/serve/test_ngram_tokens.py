"""N-gram features as tokens: what they contain, their file, and the bundles of students that read them."""

import json
from base64 import b64encode
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch

from avatar.bundle import TOKENIZER, read_bundle, write_manifest
from avatar.code.reformat import reformat
from avatar.common.errors import ArtifactError, DataError
from avatar.data.ngram_kind import NgramCodeTokenizer
from avatar.data.records import Task
from avatar.data.tokenizers import encode_texts, tokenizer_of, train_tokenizer
from avatar.export import export_bundle
from avatar.serve.ngram_tokens import NgramTokens
from avatar.serve.predictor import Predictor
from students import PAIR_HEAD, TEXTS, tiny_architecture, tiny_student, tiny_trial

CODE = "int total(int price, int count) { int sum = price * count; return sum + free(sum); }"
RENAMED = "int total(int a, int b) { int c = a * b; return c + free(c); }"
COMMENTED = "int total(int price, int count)\n{\n  // product\n  int sum = price*count;\n\n  return sum + free(sum); }"


def tokens(kind: str, size: int = 400, texts: list[str] = TEXTS, language: str | None = "python") -> NgramTokens:
    made = train_tokenizer(kind, size, texts, language)
    assert isinstance(made, NgramCodeTokenizer)
    return made.tokens


@pytest.mark.parametrize("kind", ["ngrams", "shapes"])
def test_layout_and_comments_are_no_features(kind: str) -> None:
    known = tokens(kind, texts=[CODE] * 2, language="c")
    plain, commented = known.ids([CODE, COMMENTED], 1000)
    assert plain == commented
    assert len(plain) > 10


def test_shapes_have_no_names_of_variables() -> None:
    texts = [CODE, RENAMED]
    plain, renamed = tokens("shapes", texts=texts * 2, language="c").ids(texts, 1000)
    assert plain == renamed
    plain, renamed = tokens("ngrams", texts=texts * 2, language="c").ids(texts, 1000)
    assert plain != renamed


def test_a_feature_is_there_once_more_for_each_doubling() -> None:
    known = tokens("ngrams", texts=["x = f(y)"] * 2)
    codes = ["\n".join(["y"] * number) for number in (1, 2, 3, 4, 7, 8, 1000)]
    counts = [max(Counter(ids[1:]).values()) for ids in known.ids(codes, 1000)]
    assert counts == [1, 2, 2, 3, 3, 4, 10]


def test_the_most_common_features_come_first_and_stay() -> None:
    known = tokens("ngrams")
    whole = known.ids(TEXTS, 10_000)
    cut = known.ids(TEXTS, 6)
    assert all(ids == sorted(ids) for ids in whole)
    assert cut == [ids[:6] for ids in whole]
    files = Counter(one for ids in whole for one in set(ids[1:]))
    order = [files[one] for one in range(3, known.size)]
    assert order == sorted(order, reverse=True)


def test_texts_are_read_as_code_in_the_recorded_language() -> None:
    known = tokens("ngrams", texts=["a = 1  # word\n"] * 2, language="python")
    other = NgramTokens(known.kinds, known.tags, None)
    text = ["a = 1  # other comment\n"]
    assert known.ids(text, 50) != other.ids(["# a\n"], 50)
    assert NgramTokens.from_dict(json.loads(known.text())).language == "python"


def test_nothing_has_only_the_first_token() -> None:
    assert tokens("ngrams").ids(["", "\n"], 10) == [[2], [2]]
    assert tokens("ngrams").ids([], 10) == []


@pytest.mark.parametrize("texts", [[], ["", "// nothing"]])
def test_functions_without_any_feature_are_refused(texts: list[str]) -> None:
    with pytest.raises(DataError, match="no n-grams of the kinds"):
        train_tokenizer("ngrams", 100, texts, "c")


def test_the_file_comes_back() -> None:
    made = train_tokenizer("shapes", 300, TEXTS, "python")
    again = tokenizer_of(made.to_str())
    assert again.to_str() == made.to_str()
    assert encode_texts(again, TEXTS, 64) == encode_texts(made, TEXTS, 64)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"version": 2}, "version is 2"),
        ({"version": 1e300}, "not a whole number"),
        ({"kinds": []}, "kinds are"),
        ({"kinds": ["t2", "t2"]}, "kinds are"),
        ({"kinds": ["x1"]}, "kinds are"),
        ({"kinds": ["t0"]}, "kinds are"),
        ({"kinds": "t2"}, "not a list"),
        ({"language": "klingon"}, "language is 'klingon'"),
        ({"language": ["c"]}, "language is"),
        ({"tags": None}, "tags are None"),
        ({"tags": "???"}, "base64"),
        ({"tags": ""}, "tags have 0 bytes"),
        ({"tags": b64encode(b"12345").decode()}, "tags have 5 bytes"),
        ({"tags": b64encode(b"1234" * 2).decode()}, "a feature twice"),
    ],
)
def test_wrong_files_are_refused(change: dict[str, Any], expected: str) -> None:
    content = json.loads(tokens("ngrams").text())
    with pytest.raises(ValueError, match=expected):
        NgramTokens.from_dict(content | change)


def bundle(folder: Path, task: Task, pooling: str = "mean", wide: int = 0, trial: bool = False) -> Path:
    genes = {"tokenizer": "ngrams", "layers": 0, "position": "none", "pooling": pooling, "wide": wide}
    arch = tiny_architecture(**genes, max_length=300, head="interaction")
    model = tiny_student(arch, task)
    if model.wide is not None:
        with torch.no_grad():
            model.wide.copy_(torch.randn(model.wide.shape))
    export_bundle(
        model,
        train_tokenizer("ngrams", 400, TEXTS, "python"),
        arch,
        task,
        folder,
        TEXTS[:8],
        "# A student\n",
        int8=tiny_trial(task) if trial else None,
        pair_head=PAIR_HEAD if task.grouped else None,
        languages=("python",),
    )
    return folder


@pytest.mark.parametrize(
    ("task", "pooling", "wide"),
    [
        (Task.FUNCTION, "mean", 1),
        (Task.FUNCTION, "max", 1),
        (Task.FUNCTION, "attention", 0),
        (Task.PAIR, "mean", 1),
        (Task.EMBEDDING, "mean", 0),
    ],
)
def test_a_bundle_has_the_vectors_of_torch(tmp_path: Path, task: Task, pooling: str, wide: int) -> None:
    folder = bundle(tmp_path / "bundle", task, pooling, wide)
    with_torch, alone = (Predictor(folder, runtime=name) for name in ("torch", None))
    vectors = alone.encode(TEXTS, "python")
    np.testing.assert_allclose(vectors, with_torch.encode(TEXTS, "python"), atol=1e-4)
    assert vectors.shape[1] == 24 + (wide and task is Task.FUNCTION)
    assert len(np.unique(vectors.round(3), axis=0)) > 10
    if task is not Task.EMBEDDING:
        examples = TEXTS if task is Task.FUNCTION else list(zip(TEXTS, reversed(TEXTS), strict=True))
        np.testing.assert_allclose(alone.predict(examples), with_torch.predict(examples), atol=1e-4)
    again = alone.encode([reformat(text, "python", Random(1)) for text in TEXTS], "python")
    np.testing.assert_allclose(again, vectors, atol=1e-5)


def test_int8(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "bundle", Task.FUNCTION, wide=1, trial=True)
    exact, small = (Predictor(folder, precision=name).predict(TEXTS)[:, 1] for name in ("fp32", "int8"))
    assert np.abs(exact - small).max() < 0.1
    sizes = [read_bundle(folder).path(name).stat().st_size for name in ("model.safetensors", "model.int8.safetensors")]
    assert sizes[1] < 0.5 * sizes[0]


def test_tokens_that_the_student_does_not_have_are_refused(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "bundle", Task.FUNCTION)
    large = train_tokenizer("ngrams", 2000, TEXTS * 2, "python")
    (folder / TOKENIZER).write_text(large.to_str())
    write_manifest(folder)
    with pytest.raises(ArtifactError, match="does not fit the student"):
        Predictor(folder)
    (folder / TOKENIZER).write_text(large.to_str()[:1000])
    write_manifest(folder)
    with pytest.raises(ArtifactError, match="is not JSON"):
        Predictor(folder)
    (folder / TOKENIZER).write_text('{"type": "ngram_tokens", "version": 1}')
    write_manifest(folder)
    with pytest.raises(ArtifactError, match="does not describe n-grams"):
        Predictor(folder)


def test_what_is_unknown_is_said(tmp_path: Path) -> None:
    predictor = Predictor(bundle(tmp_path / "bundle", Task.FUNCTION))
    assert "knows nothing" in " ".join(predictor.answer([["~"]], ["python"]).warnings)
    assert predictor.pieces([0, 2, 3]) == ["<pad>", "<s>", "feature 0"]
