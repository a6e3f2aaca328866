import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from avatar.serve.scan import cache as module
from avatar.serve.scan.cache import Cache, NoCache
from avatar.serve.scan.findings import FileOutline, Location
from avatar.serve.scan.similar_pairs import Pairs
from avatar.serve.scan.source_files import SourceFile

FILE = SourceFile("a.py", Path("/x/a.py"), "python", 10, 1234567890123456789)
OUTLINE = FileOutline((Location("a.py", "f", 1, 5, "python", "k", 5, 30),), "a note")
PAIRS = Pairs(np.array([0, 1]), np.array([2, 2]), np.array([0.5, 0.9], np.float32))


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    cache = Cache("student", tmp_path)
    vectors = {f"k{row}": np.arange(row, row + 3, dtype=np.float32) for row in range(1_200)}
    cache.keep_vectors(vectors)
    cache.keep_outlines([(FILE, OUTLINE)])
    cache.keep_pairs("scope", 0.4, ["a", "b", "c"], PAIRS)
    cache.close()
    again = Cache("student", tmp_path)
    result = again.vectors([*vectors, "unknown"])
    assert result.keys() == vectors.keys()
    assert all((result[key] == vectors[key]).all() for key in vectors)
    assert again.outlines([FILE]) == {"a.py": OUTLINE}
    keys, pairs = again.pairs("scope", 0.6) or ([], PAIRS)
    assert keys == ["a", "b", "c"]
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([1], [2])
    assert again.pairs("scope", 0.3) is None
    assert again.pairs("other", 0.6) is None


def test_a_changed_file_and_another_student_know_nothing(tmp_path: Path) -> None:
    cache = Cache("student", tmp_path)
    cache.keep_outlines([(FILE, OUTLINE)])
    cache.keep_vectors({"k": np.ones(3, np.float32)})
    changed = SourceFile("a.py", FILE.path, "python", 10, FILE.changed_ns + 1)
    longer = SourceFile("a.py", FILE.path, "python", 11, FILE.changed_ns)
    assert cache.outlines([changed]) == cache.outlines([longer]) == {}
    assert Cache("another", tmp_path).vectors(["k"]) == {}


@pytest.mark.parametrize("content", [b"this is no database, but a text of some length" * 100, b""])
def test_a_damaged_file_is_thrown_away(tmp_path: Path, content: bytes) -> None:
    Cache("student", tmp_path).close()
    for path in tmp_path.iterdir():
        path.write_bytes(content)
    cache = Cache("student", tmp_path)
    assert cache.vectors(["k"]) == {}
    cache.keep_vectors({"k": np.ones(3, np.float32)})
    assert list(cache.vectors(["k"])) == ["k"]


def test_wrong_rows_are_passed_over(tmp_path: Path) -> None:
    cache = Cache("student", tmp_path)
    cache.keep_outlines([(FILE, OUTLINE)])
    cache.keep_pairs("scope", 0.4, ["a", "b", "c"], PAIRS)
    with sqlite3.connect(cache.path) as store:
        store.execute("UPDATE files SET outline = '[1, 2'")
        store.execute("UPDATE pairs SET keys = 'a b'")
        store.execute("INSERT INTO vectors VALUES ('k', x'0102')")
    store.close()
    assert cache.outlines([FILE]) == {}
    assert cache.pairs("scope", 0.5) is None
    assert cache.vectors(["k"]) == {}


def test_a_cache_that_cannot_be_written_is_worked_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache("student", tmp_path / "file" / "below")
    assert "no cache" in caplog.text
    for one in (cache, NoCache()):
        one.keep_vectors({"k": np.ones(3, np.float32)})
        assert one.vectors(["k"]) == {}
        assert one.pairs("scope", 0.5) is None
        one.close()


def test_a_cache_that_grew_too_large_starts_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache("student", tmp_path)
    cache.keep_vectors({"k": np.ones(3, np.float32)})
    cache.close()
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    assert Cache("student", tmp_path).vectors(["k"]) == {}


def test_scans_share_a_cache(tmp_path: Path) -> None:
    def work(number: int) -> None:
        cache = Cache("student", tmp_path)
        for row in range(20):
            cache.keep_vectors({f"{number}-{row}": np.full(4, row, np.float32)})
        cache.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    keys = [f"{number}-{row}" for number in range(4) for row in range(20)]
    assert list(Cache("student", tmp_path).vectors(keys)) != []
    assert len(Cache("student", tmp_path).vectors(keys)) == 80
