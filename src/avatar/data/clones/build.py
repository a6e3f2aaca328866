"""Builds clone pairs: divides modules into splits, rewrites functions, and pairs them as clones or negatives."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from avatar.common.errors import DataError
from avatar.common.logging import progress
from avatar.common.seeding import derive_seed
from avatar.data.clones.pairing import negative_partners
from avatar.data.clones.rewriter import GRADES, rewrite
from avatar.data.clones.rewrites.base import NO_SURROUNDINGS
from avatar.data.clones.surroundings import surroundings
from avatar.data.records import Function, Pair, SplitName


@dataclass(frozen=True)
class Recipe:
    """How pairs are made. All shares are between 0 and 1.

    `grades` are the weights of the rewrites' grades 1, 2 and 3. `both_rewritten` is the share of pairs of two
    rewritten functions; each other pair has one original. Both are the same for clones and negatives.
    `hard_share` is the share of negatives with similar functions. With `borrow`, new names and dead branches
    come from the function's module, so that clones look like other functions of the module.
    """

    pairs_per_function: float = 2.0
    labeled_share: float = 0.5
    valid_share: float = 0.1
    test_share: float = 0.2
    grades: tuple[float, float, float] = (0.1, 0.3, 0.6)
    both_rewritten: float = 0.4
    hard_share: float = 0.7
    borrow: bool = False


@dataclass(frozen=True)
class ClonePairs:
    """Functions of the pairs, by id, the pairs of each split, and the number of rewritten functions of each grade."""

    functions: dict[str, Function]
    splits: dict[SplitName, tuple[Pair, ...]]
    grades: dict[int, int]


def divide(functions: Sequence[Function], recipe: Recipe, seed: int) -> dict[SplitName, list[Function]]:
    """Assign whole modules to the splits, so that the numbers of functions are close to the recipe's shares.

    Every split gets at least one module; fewer than four modules are a DataError.
    """
    modules: dict[str, list[Function]] = {}
    for function in functions:
        modules.setdefault(function.group, []).append(function)
    if len(modules) < len(SplitName):
        raise DataError(
            f"the functions come from {len(modules)} modules; each of the {len(SplitName)} splits needs its own module",
            "set dataset.source to a folder with more Python files",
        )
    train = 1 - recipe.test_share
    learn = train * (1 - recipe.valid_share)
    missing = {
        SplitName.LABELED: learn * recipe.labeled_share * len(functions),
        SplitName.UNLABELED: learn * (1 - recipe.labeled_share) * len(functions),
        SplitName.VALID: train * recipe.valid_share * len(functions),
        SplitName.TEST: recipe.test_share * len(functions),
    }
    parts: dict[SplitName, list[Function]] = {split: [] for split in SplitName}
    names = sorted(modules)
    random.Random(derive_seed(seed, "divide")).shuffle(names)
    for index, name in enumerate(names):
        empty = [split for split in SplitName if not parts[split]]
        choices = empty if len(names) - index <= len(empty) else list(SplitName)
        split = max(choices, key=lambda choice: missing[choice])
        parts[split] += modules[name]
        missing[split] -= len(modules[name])
    return parts


def build(functions: Sequence[Function], recipe: Recipe, seed: int) -> ClonePairs:
    """Make `recipe.pairs_per_function` pairs for each function, half of them clones.

    A split with fewer than two functions is a DataError.
    """
    parts = divide(functions, recipe, seed)
    for split, part in parts.items():
        if len(part) < 2:
            raise DataError(
                f"the split '{split}' has {len(part)} function; a pair needs two",
                "choose a folder with more code (dataset.source), or raise dataset.valid_share or dataset.test_share",
            )
    versions = _Versions(functions, recipe, seed)
    splits = {split: _pairs(part, recipe, versions, derive_seed(seed, split)) for split, part in parts.items()}
    grades = {grade: versions.grades.count(grade) for grade in GRADES}
    return ClonePairs(versions.used, splits, grades)


class _Versions:
    """Makes each rewritten version of a function once, when it is needed."""

    def __init__(self, functions: Sequence[Function], recipe: Recipe, seed: int) -> None:
        self.recipe, self.seed = recipe, seed
        self.surroundings = surroundings(functions) if recipe.borrow else {}
        self.used: dict[str, Function] = {}
        self.grades: list[int] = []

    def original(self, function: Function) -> str:
        self.used.setdefault(function.id, function)
        return function.id

    def rewritten(self, function: Function, number: int) -> str:
        name = f"{function.id}#{number}"
        if name not in self.used:
            stream = derive_seed(self.seed, "rewrite", function.id, number)
            grade = random.Random(stream).choices(GRADES, self.recipe.grades)[0]
            rewritten = rewrite(function.code, grade, stream, self.surroundings.get(function.group, NO_SURROUNDINGS))
            self.grades.append(rewritten.grade)
            self.used[name] = Function(name, rewritten.code, function.group)
        return name


def _pairs(part: list[Function], recipe: Recipe, versions: _Versions, seed: int) -> tuple[Pair, ...]:
    """Pairs of a split. In each round, each function is in one clone pair and in two negative pairs."""
    rng = random.Random(seed)
    left = max(1, round(len(part) * recipe.pairs_per_function / 2))
    pairs: list[Pair] = []
    number = 1
    while left:
        chosen = list(part)
        rng.shuffle(chosen)
        chosen = chosen[: max(2, left)]
        partners = negative_partners(chosen, recipe.hard_share, rng)
        for row, other in progress(list(enumerate(partners)), "building clone pairs"):
            if not left:
                break
            left -= 1
            one, two = chosen[row], chosen[other]
            pairs.append(_pair(one, one, 1, number, recipe, versions, rng))
            pairs.append(_pair(one, two, 0, number, recipe, versions, rng))
        number += 2
    rng.shuffle(pairs)
    return tuple(pairs)


def _pair(
    one: Function, two: Function, label: int, number: int, recipe: Recipe, versions: _Versions, rng: random.Random
) -> Pair:
    """One pair. Whether its members are originals or rewritten does not depend on the label."""
    if rng.random() < recipe.both_rewritten:
        first, second = versions.rewritten(one, number), versions.rewritten(two, number + 1)
    else:
        first, second = versions.original(one), versions.rewritten(two, number)
    return Pair(second, first, label) if rng.random() < 0.5 else Pair(first, second, label)
