import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from avatar.serve.scan import neighbours as module
from avatar.serve.scan.neighbours import Neighbours


def points(count: int, distinct: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(1)
    return rng.normal(size=(distinct, 12)).astype(np.float32)[rng.integers(0, distinct, count)]


@pytest.mark.parametrize("columns", [7, 64, 10_000])
@pytest.mark.parametrize("chosen", [[0, 5, 299], [7], list(range(300))])
@pytest.mark.parametrize("count", [1, 10, 70, 299])
@pytest.mark.parametrize("distinct", [300, 20, 1])
def test_neighbours_are_the_nearest_others(
    columns: int, chosen: list[int], count: int, distinct: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COLUMNS", columns)
    monkeypatch.setattr(module, "ROWS", 50)
    vectors = points(300, distinct)
    rows = np.array(chosen)
    near = Neighbours(vectors)(rows, count)
    assert near.shape == (len(rows), count)
    assert not (near == rows[:, None]).any()
    assert all(len(set(row)) == count for row in near.tolist())
    distances = ((vectors[rows][:, None].astype(np.float64) - vectors[None]) ** 2).sum(-1)
    distances[np.arange(len(rows)), rows] = np.inf
    expected = np.sort(distances, axis=1)[:, :count]
    np.testing.assert_allclose(np.take_along_axis(distances, near, axis=1), expected, atol=2e-5)


def test_many_functions_load_no_further_package() -> None:
    script = """
import sys
import numpy as np
from avatar.serve.scan.neighbours import Neighbours
vectors = np.random.default_rng(1).normal(size=(20_001, 4)).astype(np.float32)
before = set(sys.modules)
assert Neighbours(vectors)(np.array([3]), 5).shape == (1, 5)
new = {name for name in set(sys.modules) - before if name.partition(".")[0] not in sys.stdlib_module_names}
assert not {name for name in new if not name.startswith("numpy.")}, new
"""
    subprocess.run([sys.executable, "-c", script], check=True)
