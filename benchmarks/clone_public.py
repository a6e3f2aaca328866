"""Two public sets of clones: BigCloneBench, of which nothing was learned, and programs that solve one problem."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from clone_methods import Encode

from avatar.common.errors import DataError
from avatar.common.logging import progress
from avatar.metrics.nearest_clones import precision_at_r, reciprocal_rank, rows_of
from avatar.metrics.ranking import auc
from avatar.metrics.vector_space import SimilaritySpace

LANGUAGES = ("java", "python", "cpp", "go", "typescript", "rust")
"""The languages of the mean of MAP@R."""


def bigclonebench(folder: Path, methods: Mapping[str, Encode], most: int | None = None) -> dict[str, float]:
    """AUC of each method on the test pairs, or on the first `most`. Nothing is learned from other pairs."""
    codes: dict[str, str] = {}
    for line in _lines(folder / "data.jsonl"):
        row = json.loads(line)
        codes[str(row["idx"])] = row["func"]
    pairs = [line.split() for line in _lines(folder / "test.txt")][:most]
    names = sorted({name for pair in pairs for name in pair[:2]})
    row_of = {name: row for row, name in enumerate(names)}
    first, second = (np.array([row_of[pair[side]] for pair in pairs], dtype=np.int64) for side in (0, 1))
    clones = np.array([pair[2] == "1" for pair in pairs])
    results = {}
    for name, encode in progress(methods.items(), "BigCloneBench, by method", len(methods)):
        scores = encode([codes[one] for one in names], ["java"] * len(names)).scores(first, second)
        results[name] = auc(scores[clones], scores[~clones])
    return results


def solutions(folder: Path, methods: Mapping[str, Encode], most: int | None = None) -> dict[str, dict[str, float]]:
    """Of each method on the programs of the test file in `LANGUAGES` (or on its first `most`): MAP@R within each
    language, its mean, and AUC and MRR from Java to Python. No training has these problems."""
    rows = [json.loads(line) for line in _lines(folder / "test.jsonl")]
    rows = [row for row in rows if row["language"] in LANGUAGES][:most]
    problems = {name: number for number, name in enumerate(sorted({row["problem"] for row in rows}))}
    groups = np.array([problems[row["problem"]] for row in rows], dtype=np.int64)
    languages = [row["language"] for row in rows]
    results = {}
    for name, encode in progress(methods.items(), "programs that solve one problem, by method", len(methods)):
        similarities = encode([row["code"] for row in rows], languages).all_pairs(len(rows))
        space = SimilaritySpace(similarities, groups, languages)
        within = {}
        for language in LANGUAGES:
            own = rows_of(space, language)
            parts = precision_at_r(space, own, own)
            within[language] = float(np.nanmean(parts)) if np.isfinite(parts).any() else float("nan")
        java, python = rows_of(space, "java"), rows_of(space, "python")
        clones = groups[java][:, None] == groups[python][None, :]
        cosines = space.block(java, python)
        ranks = reciprocal_rank(space, java, python)
        results[name] = {
            **within,
            "mean": float(np.mean(list(within.values()))),
            "java to python, AUC": auc(cosines[clones], cosines[~clones]),
            "java to python, MRR": float(np.nanmean(ranks)) if np.isfinite(ranks).any() else float("nan"),
        }
    return results


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise DataError(f"there is no {path}", "set AVATAR_DATA to the folder that holds bcb/ and solutions/")
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")
