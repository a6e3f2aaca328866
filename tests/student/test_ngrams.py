"""The training of n-gram students on a small collection."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from avatar.code.languages import LANGUAGES
from avatar.code.ngrams import KINDS
from avatar.common.errors import DataError
from avatar.serve.ngram_reader import NgramReader, ReaderConfig
from avatar.student.ngrams.batches import Batches, BatchSizes
from avatar.student.ngrams.collection import Collection, add_problems, add_projects, read_rows
from avatar.student.ngrams.encoder import NgramEncoder, bags, sums
from avatar.student.ngrams.ensemble import merged
from avatar.student.ngrams.features import choose_features, distinct_features, structural_digests
from avatar.student.ngrams.near_clones import LOGS, NearClones
from avatar.student.ngrams.training import Recipe, train
from function_variants import METHODS

WORDS = ["price", "count", "name", "index", "total", "width", "level", "score", "depth", "rate"]


def program(problem: int, form: int) -> str:
    """A function of one of ten problems; each has its own words and signs, and forms differ in names."""
    a, b = WORDS[problem], "xyz"[form]
    sign = "+-*/%"[problem % 5]
    return (
        f"def f{form}({b}, limit):\n    {a} = {problem}\n    for part in {b}:\n        if part > limit:\n"
        f"            {a} = {a} {sign} part\n        {b}.{a}_{problem}(part)\n    return {a} {sign} {problem}\n"
    )


@pytest.fixture(scope="module")
def collection() -> Collection:
    made = Collection()
    for problem in range(10):
        made.problems.append([made.add(program(problem, form), "python") for form in range(3)])
    near = NearClones("python", made.codes[:30])
    for problem in range(10):
        members = [made.problems[problem][0]]
        made.files.append(members)
        made.copies[members[0]] = {
            kind: made.add(code, "python") for kind, code in near(made.codes[members[0]], problem).items()
        }
    return made


@pytest.mark.parametrize("language", LANGUAGES.names())
def test_every_language_has_copies(language: str) -> None:
    assert language in LOGS
    near = NearClones(language, list(METHODS.values()))
    copies = near(METHODS[language], 1)
    assert {"rename", "log", "edit", "several"} <= set(copies)
    assert copies == near(METHODS[language], 1)
    assert METHODS[language] not in copies.values()


def test_a_feature_of_more_sources_is_chosen_first() -> None:
    tag = 1 << 32
    sources = [np.array(values, np.uint64) * np.uint64(tag) for values in ([1, 2, 3], [1, 2, 4], [1, 5])]
    chosen = choose_features(
        [(0, sources[:1]), (1, sources[1:2]), (2, sources[2:])], [], np.array([2 * tag], np.uint64), 1, 1
    )
    assert chosen.tags.tolist() == [2, 1]  # the structural part first
    assert chosen.structural == 1
    np.testing.assert_allclose(chosen.rarity, [np.log(3 / 2), 0], atol=1e-12)


def test_a_batch_has_whole_groups(collection: Collection) -> None:
    batch = Batches(collection, BatchSizes(problems=4, programs=2, files=3), np.random.default_rng(0)).draw()
    group_of = {one: number for number, group in enumerate(collection.problems) for one in group}
    for number in np.unique(batch.groups)[:4]:
        members = batch.functions[batch.groups == number]
        assert len({group_of[one] for one in members.tolist()}) == 1
    assert len(batch.structures) >= 6
    assert set(batch.groups[batch.structures].tolist()).isdisjoint(batch.groups[: batch.structures[0]].tolist())


def test_a_vector_is_a_sum_of_rows() -> None:
    sources = [np.arange(1, 5, dtype=np.uint64) << np.uint64(32)]
    vocabulary = choose_features([(0, sources)], [], sources[0][:2], 2, 2)
    encoder = NgramEncoder(vocabulary, 3, 8, 4)
    meaning, structure = encoder.tables()
    meanings, structures = encoder.split([np.array([0, 3, 5], np.int32), np.array([1], np.int32)])
    outer, inner = encoder(bags(meanings), bags(structures))
    torch.testing.assert_close(outer[0], F.normalize(meaning[1] + meaning[3], dim=0))  # row 2 is its first
    torch.testing.assert_close(inner, F.normalize(structure, dim=1))
    assert not outer[1].any()


def test_the_cosine_of_vectors_is_the_weighted_mean_of_both_blocks() -> None:
    random = torch.Generator().manual_seed(0)
    meaning, structure = (F.normalize(torch.randn(5, width, generator=random), dim=1) for width in (8, 3))
    vectors = NgramEncoder.joined(meaning, structure, 0.25)
    torch.testing.assert_close(vectors @ vectors.T, 0.75 * meaning @ meaning.T + 0.25 * structure @ structure.T)


def test_a_training_brings_clones_together(collection: Collection) -> None:
    features = distinct_features(collection.codes, collection.languages, KINDS)
    vocabulary = choose_features(
        [(number, [features[one] for one in group]) for number, group in enumerate(collection.problems)],
        [(number, [features[one] for one in file]) for number, file in enumerate(collection.files)],
        structural_digests(collection.codes, collection.languages),
        300,
        200,
    )
    reader = NgramReader(ReaderConfig(), vocabulary.tags, 16)
    rows = [np.array(row, np.int32) for row in reader(collection.codes, collection.languages).lists]
    recipe = Recipe(buckets=16, width=32, structure_width=16, steps=60, warm_up=5, mined_from=20, mined_every=20)
    encoder, again, other = (train(collection, rows, vocabulary, recipe, member) for member in (0, 0, 1))
    torch.testing.assert_close(encoder.meaning, again.meaning)  # the seed decides
    assert not torch.allclose(encoder.meaning, other.meaning)
    members = [one for group in collection.problems for one in group]
    with torch.no_grad():
        meanings, structures = encoder.split([rows[one] for one in members])
        vectors = encoder.joined(*encoder(bags(meanings), bags(structures)), recipe.structure_share)
    cosines = vectors @ vectors.T
    same = torch.arange(30)[:, None] // 3 == torch.arange(30) // 3
    assert cosines[same].mean() > 0.8
    assert cosines[~same].mean() < 0.3


def test_members_become_one_student_that_keeps_what_they_agree_on() -> None:
    tags = np.arange(1, 41, dtype=np.uint64) << np.uint64(32)
    vocabulary = choose_features([(0, [tags])], [], tags[:20], 20, 20)
    rows = [np.sort(np.random.default_rng(seed).choice(43, 12, replace=False)).astype(np.int32) for seed in range(60)]
    first, second = (NgramEncoder(vocabulary, 3, 8, 4) for _ in range(2))
    alone = merged([first], rows)
    outer, inner = first.split(rows)
    with torch.no_grad():  # one member: only a rotation, which changes no cosine
        for table, own, functions in zip(alone, first.tables(), (outer, inner), strict=True):
            mine, theirs = (F.normalize(sums(bags(functions), one), dim=1) for one in (torch.from_numpy(table), own))
            torch.testing.assert_close(mine @ mine.T, theirs @ theirs.T, atol=1e-5, rtol=1e-4)
    with torch.no_grad():  # the same student in other coordinates adds nothing
        rotation = torch.linalg.qr(torch.randn(8, 8)).Q
        second.load_state_dict(first.state_dict())
        second.meaning.copy_(first.meaning @ rotation * 3)
    both = merged([first, second], rows)
    assert both[0].shape == first.meaning.shape
    assert both[1].shape == first.structure.shape
    mine, theirs = (F.normalize(sums(bags(outer), torch.from_numpy(one[0])), dim=1) for one in (both, alone))
    torch.testing.assert_close(mine @ mine.T, theirs @ theirs.T, atol=1e-4, rtol=1e-3)


def test_a_corpus_is_read(tmp_path: Path) -> None:
    codes = [METHODS["python"].replace("weigh", name) for name in ("weigh", "measure", "count_all")]
    row = {"version": "1", "path": "a.py", "language": "python", "name": "weigh", "tokens": 40}
    rows = [{**row, "project": f"p{number}", "code": code} for number, code in enumerate(codes)]
    with gzip.open(tmp_path / "train.jsonl.gz", "wt") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))
    with gzip.open(tmp_path / "groups.jsonl.gz", "wt") as file:
        for group in ({"kind": "name", "rows": [0, 1]}, {"kind": "release", "rows": [1, 2]}):
            file.write(json.dumps({"split": "train", **group}) + "\n")
    (tmp_path / "problems.jsonl").write_text(
        "".join(
            json.dumps({"problem": name, "language": "python", "licence": licence, "code": codes[0]}) + "\n"
            for name, licence in (("one", "MIT"), ("one", "MIT"), ("one", "GPL"), ("two", "MIT"))
        )
    )
    collection = Collection()
    add_problems(collection, tmp_path / "problems.jsonl", ("MIT",))
    add_projects(collection, tmp_path, "train", 10)
    assert [len(group) for group in collection.problems] == [2]
    assert len(collection.files) == 3
    assert len(collection.releases) == len(collection.names) == 1
    assert "weigh(" not in collection.codes[collection.names[0][0]]
    assert all(copies for copies in collection.copies.values())


def test_a_wrong_line_of_the_corpus_is_named(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text('{"code": "a"}\n{"code"\n')
    with pytest.raises(DataError, match=r"train\.jsonl, line 2"):
        list(read_rows(path))
