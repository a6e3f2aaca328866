"""A new surrogate: the nearest candidate."""

from changed import MOST, changed, check_run

from conftest import Scratch

FILE = '''"""The score of the nearest candidate."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from avatar.surrogate.base import Prediction


class Nearest:
    """The score of the nearest candidate; the distance is the uncertainty."""

    def __init__(self, seed: int) -> None:
        self._X, self._y = np.empty((0, 0)), np.empty(0)

    def fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> Self:
        """Remember encodings (n, d) and accuracies (n,)."""
        self._X, self._y = X, y
        return self

    def predict(self, X: NDArray[np.float64]) -> Prediction:
        """Of the nearest one."""
        distance = np.linalg.norm(X[:, None] - self._X[None], axis=-1)
        return self._y[distance.argmin(axis=1)], distance.min(axis=1)
'''

PROGRAM = """
import numpy as np
from avatar.config.schema import SurrogateConfig
from avatar.surrogate.choice import choose

X = np.random.default_rng(0).random((12, 2))
choice = choose(SurrogateConfig(name="nearest", repeats=1), X, 0.5 + 0.3 * X[:, 0], seed=1)
assert choice.name == "nearest" and choice.judged is choice.validation["nearest"]
assert "nearest" in choose(SurrogateConfig(repeats=1), X, 0.5 + 0.3 * X[:, 0], seed=1).validation
"""


def test_a_surrogate_is_its_own_file_and_a_line(scratch: Scratch) -> None:
    scratch.write("src/avatar/surrogate/nearest.py", FILE)
    scratch.add_after(
        "src/avatar/surrogate/base.py",
        '        "gradient_boosting": "avatar.surrogate.trees:GradientBoosting",',
        '        "nearest": "avatar.surrogate.nearest:Nearest",',
    )
    scratch.write("conf/surrogate/nearest.yaml", "name: nearest\n")
    assert len(changed(scratch)) <= MOST
    check_run(scratch, PROGRAM)
