"""What some labelled pairs add to the student that is installed: BigCloneBench with 1 %, 10 % and 100 % of its pairs.

    AVATAR_DATA=FOLDER python benchmarks/few_labels.py [--bundle FOLDER] [--seeds N]

The student stays as it is. On its vectors, a logistic regression learns from the labelled training pairs; its strength
is chosen on the same share of the validation pairs. The facts of a pair are both cosines, and the product and the
distance of the two vectors in each of their numbers. Writes benchmarks/results/few_labels.md: on the test pairs,
accuracy, F1 and AUC, median and worst over the seeds, beside the cosine alone (no label at all: only AUC has no
threshold).
"""

import argparse
import json
import os
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from avatar.bundle.pair_head import unit_block
from avatar.common.errors import AvatarError, DataError
from avatar.common.logging import progress
from avatar.data.data_location import DATA_VARIABLE
from avatar.serve import Student
from avatar.serve.default_student import FOLDER

RESULTS = Path(__file__).resolve().parent / "results"
SHARES = (0.01, 0.1, 1.0)
STRENGTHS = (0.01, 0.1, 1.0, 10.0)
"""Inverse weights of the squares of the parameters."""
STEPS = 300
"""Most steps of the optimizer; a weak strength needs more, and is then not at its optimum."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Labelled:
    """Pairs of functions by their rows, and whether they are clones, each (pairs,)."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    clones: NDArray[np.bool_]

    def some(self, share: float, rng: np.random.Generator) -> "Labelled":
        """A random share of the pairs, at least 20."""
        rows = rng.permutation(len(self.clones))[: max(20, round(share * len(self.clones)))]
        return Labelled(self.first[rows], self.second[rows], self.clones[rows])


class Pairs:
    """Labelled pairs of BigCloneBench and the vectors of their functions."""

    def __init__(self, folder: Path, student: Student) -> None:
        rows = [json.loads(line) for line in _lines(folder / "data.jsonl")]
        self._row_of = {str(row["idx"]): number for number, row in enumerate(rows)}
        self._folder = folder
        vectors = student.encode([row["func"] for row in rows], ["java"] * len(rows))
        width = student.bundle.structure.start if student.bundle.structure else vectors.shape[1]
        self._blocks = [unit_block(vectors, part) for part in (slice(0, width), slice(width, None))]
        self._whole = vectors

    def read(self, *names: str) -> Labelled:
        """The pairs in the files `names`."""
        fields = [line.split() for name in names for line in _lines(self._folder / name)]
        first, second = (np.array([self._row_of[one[side]] for one in fields]) for side in (0, 1))
        return Labelled(first, second, np.array([one[2] == "1" for one in fields]))

    def cosines(self, pairs: Labelled) -> Vectors:
        """Dot products of the vectors, (pairs,)."""
        return np.asarray(np.einsum("nw,nw->n", self._whole[pairs.first], self._whole[pairs.second]), np.float32)

    def facts(self, pairs: Labelled) -> Vectors:
        """What the logistic regression reads, (pairs, facts); the order of the two functions does not matter."""
        parts = []
        for block in self._blocks:
            one, other = block[pairs.first], block[pairs.second]
            scale = np.float32(block.shape[1] ** 0.5)  # so that each number has a size near 1
            parts += [(one * other).sum(axis=1, keepdims=True) * 5, one * other * scale, np.abs(one - other) * scale]
        return np.concatenate(parts, axis=1)


def main() -> int:
    """Measure, print the table and write it; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=FOLDER, help="default: the student installed with avatar")
    parser.add_argument("--seeds", type=int, default=10, help="drawings of the labelled pairs (default: %(default)s)")
    options = parser.parse_args()
    try:
        if not os.environ.get(DATA_VARIABLE):
            raise DataError(f"{DATA_VARIABLE} is not set", "set it to the folder that holds bcb/")
        pairs = Pairs(Path(os.environ[DATA_VARIABLE]) / "bcb", Student(options.bundle))
        text = report(pairs, options.seeds)
    except AvatarError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    (RESULTS / "few_labels.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def report(pairs: Pairs, seeds: int) -> str:
    """The table in Markdown."""
    train, valid, test = (
        pairs.read(*names) for names in (("train_label.txt", "train_unlabel.txt"), ("valid.txt",), ("test.txt",))
    )
    lines = [
        "# What labelled pairs add to the installed student, on BigCloneBench",
        "",
        f"No label: the cosine has AUC {roc_auc_score(test.clones, pairs.cosines(test)):.3f} on the test pairs.",
        "",
        "Test pairs, in %: median over the drawings, and the worst one.",
        "",
        "| labelled pairs | accuracy | F1 | AUC | seconds of learning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for share in SHARES:
        runs = progress(range(seeds if share < 1 else 1), f"{share:.0%} of the pairs")
        scores = [one_run(pairs, train, valid, test, share, seed) for seed in runs]
        cells = [
            f"{100 * np.median(column):.1f}" + (f" (worst {100 * min(column):.1f})" if len(column) > 1 else "")
            for column in list(zip(*scores, strict=True))[:3]
        ]
        seconds = float(np.median([score[3] for score in scores]))
        count = round(share * len(train.clones))
        lines.append(f"| {count:,} ({share:.0%}) | {' | '.join(cells)} | {seconds:.1f} |")
    return "\n".join(lines) + "\n"


def one_run(
    pairs: Pairs, train: Labelled, valid: Labelled, test: Labelled, share: float, seed: int
) -> tuple[float, float, float, float]:
    """Accuracy, F1 and AUC on the test pairs in [0, 1], and seconds of learning."""
    rng = np.random.default_rng(seed)
    start = time.perf_counter()
    learned, held_out = train.some(share, rng), valid.some(share, rng)
    inputs, checked = pairs.facts(learned), pairs.facts(held_out)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        models = [LogisticRegression(C=one, max_iter=STEPS).fit(inputs, learned.clones) for one in STRENGTHS]
    model = max(models, key=lambda one: float(one.score(checked, held_out.clones)))
    seconds = time.perf_counter() - start
    probability = model.predict_proba(pairs.facts(test))[:, 1]
    found = probability >= 0.5
    return (
        float(accuracy_score(test.clones, found)),
        float(f1_score(test.clones, found)),
        float(roc_auc_score(test.clones, probability)),
        seconds,
    )


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise DataError(f"there is no {path}", f"set {DATA_VARIABLE} to the folder that holds bcb/")
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


if __name__ == "__main__":
    sys.exit(main())
