import numpy as np
from numpy.typing import NDArray

from avatar.code.lexer import Lexer
from avatar.code.ngrams import features_by_kind
from avatar.code.sketches import SketchRules
from avatar.measure.near_clone_calibration import Layout, RealFunction, _others, calibrate
from avatar.student.ngrams.collection import Collection

WIDTH = 32
LAYOUT = Layout(slice(WIDTH, 2 * WIDTH), SketchRules(("t3", "r4"), 240))
NAMES = ("order", "price", "path", "user", "node", "edge", "token", "frame")


def function(number: int, names: tuple[str, str], step: str = "+") -> str:
    """One of many different functions; `names` are those of its variables."""
    first, second = names
    calls = "\n".join(f"    {second} = call_{(number * 7 + line * line) % 97}({first}, {second})" for line in range(6))
    return f"def f{number}({first}):\n    {second} = {number}\n{calls}\n    return {first} {step} {second}\n"


def encode(codes: list[str], languages: list[str]) -> NDArray[np.float32]:
    """Two blocks of random projections of the tokens, and sketches."""
    read = Lexer()(codes, languages)
    rows = np.zeros((len(codes), 2 * WIDTH), np.float32)
    for token, row in zip(read.tokens.tolist(), read.rows.tolist(), strict=True):
        rows[row] += np.random.default_rng(token % (1 << 32)).normal(size=2 * WIDTH)
    for block in (slice(0, WIDTH), slice(WIDTH, 2 * WIDTH)):
        rows[:, block] /= np.sqrt(2) * np.linalg.norm(rows[:, block], axis=1, keepdims=True)
    return np.concatenate([rows, LAYOUT.sketches(features_by_kind(read, LAYOUT.sketches.kinds), len(codes))], axis=1)


def collection(size: int) -> Collection:
    made = Collection()
    for number in range(size):
        names = NAMES[number % 8], NAMES[(number + 3) % 8]
        for code in (function(number, names), function(number, ("renamed", "other")), function(number, names, "-")):
            made.codes.append(code)
            made.languages.append("python")
        made.copies[3 * number] = {"rename": 3 * number + 1}
        made.releases.append([3 * number, 3 * number + 2])
    return made


def others(size: int) -> list[RealFunction]:
    return [
        RealFunction(
            function(1000 + number, ("a", "b")), "python", f"p{number % 3}", f"p{number % 3}/{number % 9}", f"f{number}"
        )
        for number in range(size)
    ]


def test_both_heads_tell_clones_from_other_pairs_and_renamed_ones_by_their_sketches() -> None:
    result = calibrate(collection(60), others(60), encode, LAYOUT)
    assert not result.head.problems()
    assert not result.sketch_head.problems()
    assert result.head.sketch_kinds == 0
    assert result.sketch_head.sketch_kinds == 2
    assert set(result.recall) == {"rename", "release"}
    assert min(result.recall.values()) > 0.9
    assert result.false_positives < 1e-4
    assert result.error < 1e-4
    zeros, none = np.zeros(2), np.zeros(2, dtype=bool)
    alike, unlike = np.array([[0.2, 1.0], [0.2, 0.2]])
    with_overlap = result.sketch_head.probability(
        np.full(2, 0.8), zeros, none, np.full(2, 0.8), np.stack([alike, unlike])
    )
    assert with_overlap[0] > with_overlap[1]


def test_functions_of_one_file_that_are_clones_by_definition_are_no_examples_of_other_pairs() -> None:
    third = "def three(path):\n    with open(path) as file:\n        return [line for line in file if line.strip()]\n"
    codes = {"one": function(1, ("a", "b")), "two": function(1, ("c", "d")), "three": third}
    functions = [RealFunction(code, "python", "p", "p/x.py", name) for name, code in codes.items()]
    (pairs,) = _others(functions, encode, LAYOUT, np.random.default_rng(0))
    assert len(pairs.clones) == 2, "the first two differ in names only"
    assert not pairs.clones.any()
