"""The data set stdlib: balanced, split by module, the same in every process, and not solved by one word statistic."""

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from avatar.common.errors import DataError
from avatar.common.hashing import stable_hash
from avatar.config.schema import DatasetConfig
from avatar.data.clones import pairing
from avatar.data.clones.build import Recipe, build
from avatar.data.clones.collect import collect, functions_of, module_name
from avatar.data.clones.reader import read
from avatar.data.readers.reader_registry import READERS
from avatar.data.records import Corpus, Function, SplitName, Task

ORDERS = ("+", "-", "*", "//", "%", "|", "&")


def body(module: int, number: int) -> str:
    """A function with another structure for each (module, number)."""
    lines = [f"def work_{number}(items, limit):", f"    # module {module}", "    total = 0"]
    code = module * 31 + number + 1
    while code:
        code, kind = divmod(code, 5)
        lines.append(
            [
                "    total = total + limit",
                "    for one in items:\n        total += one",
                "    if limit > 3:\n        total = len(items)",
                "    items = sorted(items)",
                "    total = [total, limit, items]",
            ][kind]
        )
    return "\n".join([*lines, "    return helper(total, 'text')", ""])


@pytest.fixture
def folder(tmp_path):
    for module in range(8):
        path = tmp_path / ("pkg" if module % 2 else ".") / f"mod{module}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n\n".join(body(module, number) for number in range(1, 13)), encoding="utf-8")
    return tmp_path


def digest(corpus: Corpus) -> str:
    functions = [(one.id, one.code, one.group) for one in corpus.functions.values()]
    pairs = [[(p.first, p.second, p.label) for p in corpus.splits[split]] for split in SplitName]
    return stable_hash([functions, pairs, corpus.notes], 64)


def config(folder) -> DatasetConfig:
    return DatasetConfig(source=str(folder))


def test_registered():
    assert READERS.get("stdlib") is read


def test_splits_are_balanced_and_share_no_module(folder):
    corpus = read(config(folder), 3)
    assert corpus.task is Task.PAIR
    owner = {}
    for split in SplitName:
        labels = corpus.labels(split)
        assert len(labels)
        assert labels.sum() * 2 == len(labels)
        for pair in corpus.splits[split]:
            assert pair.first != pair.second
            bases = {name.split("#")[0] for name in pair.ids}
            assert len(bases) == (1 if pair.label else 2)
            for name in pair.ids:
                assert owner.setdefault(corpus.functions[name].group, split) is split
    total = sum(len(corpus.splits[split]) for split in SplitName)
    assert abs(total - 2 * 8 * 12) <= 8


def test_nothing_about_one_member_tells_the_label(folder):
    """Each function is as often in clones as in negatives, and so are originals."""
    corpus = read(config(folder), 3)
    for split in SplitName:
        seen = {0: Counter(), 1: Counter()}
        for pair in corpus.splits[split]:
            seen[pair.label].update(name.split("#")[0] for name in pair.ids)
        assert seen[0] == seen[1]
    rewritten = {0: [], 1: []}
    for split in SplitName:
        for pair in corpus.splits[split]:
            rewritten[pair.label].append(sum("#" in name for name in pair.ids))
    assert abs(np.mean(rewritten[0]) - np.mean(rewritten[1])) < 0.25
    assert min(map(min, rewritten.values())) == 1


def test_the_same_in_another_process(folder):
    here = digest(read(config(folder), 5))
    script = (
        "import sys; sys.path.insert(0, sys.argv[2]); from test_reader import config, digest, read\n"
        "print(digest(read(config(sys.argv[1]), 5)))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    there = subprocess.run(
        [sys.executable, "-c", script, str(folder), str(Path(__file__).parent)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout.split()[-1] == here
    assert digest(read(config(folder), 6)) != here


def test_listing_order_does_not_matter(folder, monkeypatch):
    expected = digest(read(config(folder), 5))
    real = os.walk

    def reversed_walk(top):
        for path, folders, files in real(top):
            folders.reverse()
            yield path, folders, files[::-1]

    monkeypatch.setattr(os, "walk", reversed_walk)
    assert digest(read(config(folder), 5)) == expected


def test_duplicates_are_skipped_and_bad_files_noted(folder):
    (folder / "copy.py").write_text(body(0, 1).replace("total", "summed").replace("    # module 0", "\n    # other"))
    (folder / "latin.py").write_bytes(b"x = '\xe9'\n")
    (folder / "broken.py").write_text("def f(:\n")
    for skipped in ("tests", ".hidden", "site-packages"):
        (folder / skipped).mkdir()
        (folder / skipped / "late.py").write_text("raise RuntimeError('never run')\n" + body(50, 50))
    collected = collect(folder, 10_000, random.Random(0))
    assert collected.duplicates == 1
    assert collected.unreadable == 2
    assert len(collected.functions) == 96
    assert not any("late" in one.group for one in collected.functions)
    assert any("2 of 11 files" in note for note in read(config(folder), 1).notes)


def test_nothing_is_executed(folder):
    mark = folder / "executed"
    (folder / "evil.py").write_text(f"open({str(mark)!r}, 'w')\n" + body(99, 99))
    read(config(folder), 1)
    assert not mark.exists()


def test_source_text_is_the_original_without_docstring():
    body = "    # why\n        x = 1\n        y = 2\n        return x  # end\n"
    text = f'class A:\n    @property\n    def f(self):\n        """Doc."""\n    {body}'
    [(name, code, _)] = functions_of(text)
    assert name == "A.f"
    assert code == "@property\ndef f(self):\n    # why\n    x = 1\n    y = 2\n    return x  # end\n"


def test_sizes():
    def sized(lines):
        return "def f(a):\n" + "    a = a\n" * (lines - 1)

    assert [len(list(functions_of(sized(lines)))) for lines in (3, 4, 60, 61)] == [0, 1, 1, 0]


def test_module_names():
    assert [module_name(path) for path in ("a.py", "a/b.py", "a/__init__.py")] == ["a", "a.b", "a"]


@pytest.mark.parametrize("content", [{}, {"one.py": body(1, 1)}])
def test_too_little_code_is_an_error(tmp_path, content):
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match="suitable functions") as caught:
        read(config(tmp_path), 1)
    assert "lines of code" in caught.value.hint


def test_a_missing_source_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no folder") as caught:
        read(config(tmp_path / "absent"), 1)
    assert "dataset.source" in caught.value.hint


def test_too_few_modules_are_an_error():
    functions = [Function(f"m{n % 3}:{n}", body(0, n), f"m{n % 3}") for n in range(50)]
    with pytest.raises(DataError, match="3 modules"):
        build(functions, Recipe(), 1)


@pytest.mark.parametrize("count", [2, 3, 5, 40])
@pytest.mark.parametrize("hard_share", [0.0, 0.5, 1.0])
def test_negative_partners_are_a_permutation_without_fixed_points(count, hard_share):
    functions = [Function(str(n), body(n % 4, n), f"m{n % 4}") for n in range(count)]
    for seed in range(20):
        partners = pairing.negative_partners(functions, hard_share, random.Random(seed))
        assert sorted(partners) == list(range(count))
        assert all(row != other for row, other in enumerate(partners))


def test_pair_count_follows_the_config(folder):
    cfg = DatasetConfig(source=str(folder), pairs_per_function=5.0)
    assert sum(len(part) for part in read(cfg, 1).splits.values()) == pytest.approx(5 * 96, abs=8)


def test_word_overlap_is_neither_useless_nor_enough():
    """On the real library the best threshold on shared words must not solve the task."""
    corpus = read(DatasetConfig(max_functions=500), 1)
    pairs = [pair for split in SplitName for pair in corpus.splits[split]]
    code = {name: pairing.tokens(one.code) for name, one in corpus.functions.items()}
    overlap = np.array([pairing.jaccard(code[pair.first], code[pair.second]) for pair in pairs])
    label = np.array([pair.label for pair in pairs]) == 1
    best = max(((overlap >= threshold) == label).mean() for threshold in np.unique(overlap))
    assert 0.65 < best < 0.9
