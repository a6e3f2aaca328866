"""Builds the pairs: divides modules among the splits, rewrites functions, sets clones against others."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from avatar.common.errors import DataError
from avatar.common.logging import progress
from avatar.common.seeding import derive_seed
from avatar.data.clones.pairing import opponents
from avatar.data.clones.rewriter import GRADES, rewrite
from avatar.data.clones.rewrites.base import NOWHERE
from avatar.data.clones.surroundings import surroundings
from avatar.data.records import Function, Pair, SplitName


@dataclass(frozen=True)
class Recipe:
    """How pairs are made. All shares lie between 0 and 1.

    `grades` weighs the rewrites' grades 1, 2 and 3. `both_rewritten` is the share of pairs in which
    neither member is an original; in the others one is. Both hold for clones and for negatives alike.
    `hard_share` of the negatives resemble each other. With `borrow`, new names and dead branches are
    taken from the module around a function, so that every clone looks like its neighbours.
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
class Built:
    """Functions that pairs use, by id, and the pairs of each split; `grades` counts rewritten ones."""

    functions: dict[str, Function]
    splits: dict[SplitName, tuple[Pair, ...]]
    grades: dict[int, int]


def divide(functions: Sequence[Function], recipe: Recipe, seed: int) -> dict[SplitName, list[Function]]:
    """Give whole modules to the splits, so that their shares of the functions come close to the recipe's.

    Every split gets a module; fewer than four modules are a DataError.
    """
    modules: dict[str, list[Function]] = {}
    for function in functions:
        modules.setdefault(function.group, []).append(function)
    if len(modules) < len(SplitName):
        raise DataError(
            f"the functions come from {len(modules)} modules; each of {len(SplitName)} splits needs its own",
            "choose a folder with more Python files (dataset.source)",
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
    for at, name in enumerate(names):
        empty = [split for split in SplitName if not parts[split]]
        choices = empty if len(names) - at <= len(empty) else list(SplitName)
        split = max(choices, key=lambda choice: missing[choice])
        parts[split] += modules[name]
        missing[split] -= len(modules[name])
    return parts


def build(functions: Sequence[Function], recipe: Recipe, seed: int) -> Built:
    """Make balanced pairs, `recipe.pairs_per_function` for each function, half of them clones.

    Raises DataError where a split is left with a single function.
    """
    parts = divide(functions, recipe, seed)
    for split, part in parts.items():
        if len(part) < 2:
            raise DataError(
                f"the split '{split}' has {len(part)} function, and a pair needs two",
                "choose a folder with more code, or larger shares (dataset.valid_share, dataset.test_share)",
            )
    writer = _Writer(functions, recipe, seed)
    splits = {split: _pairs(part, recipe, writer, derive_seed(seed, split)) for split, part in parts.items()}
    grades = {grade: writer.grades.count(grade) for grade in GRADES}
    return Built(writer.used, splits, grades)


class _Writer:
    """Makes rewritten versions of functions on demand, each once."""

    def __init__(self, functions: Sequence[Function], recipe: Recipe, seed: int) -> None:
        self.recipe, self.seed = recipe, seed
        self.around = surroundings(functions) if recipe.borrow else {}
        self.used: dict[str, Function] = {}
        self.grades: list[int] = []

    def original(self, function: Function) -> str:
        self.used.setdefault(function.id, function)
        return function.id

    def version(self, function: Function, number: int) -> str:
        name = f"{function.id}#{number}"
        if name not in self.used:
            stream = derive_seed(self.seed, "rewrite", function.id, number)
            grade = random.Random(stream).choices(GRADES, self.recipe.grades)[0]
            made = rewrite(function.code, grade, stream, self.around.get(function.group, NOWHERE))
            self.grades.append(made.grade)
            self.used[name] = Function(name, made.code, function.group)
        return name


def _pairs(part: list[Function], recipe: Recipe, writer: _Writer, seed: int) -> tuple[Pair, ...]:
    """Rounds over the split's functions: each is in one clone pair and in two halves of negatives."""
    rng = random.Random(seed)
    left = max(1, round(len(part) * recipe.pairs_per_function / 2))
    pairs: list[Pair] = []
    number = 1
    while left:
        chosen = list(part)
        rng.shuffle(chosen)
        chosen = chosen[: max(2, left)]
        partners = opponents(chosen, recipe.hard_share, rng)
        for row, other in progress(list(enumerate(partners)), "building clone pairs"):
            if not left:
                break
            left -= 1
            one, two = chosen[row], chosen[other]
            pairs.append(_pair(one, one, 1, number, recipe, writer, rng))
            pairs.append(_pair(one, two, 0, number, recipe, writer, rng))
        number += 2
    rng.shuffle(pairs)
    return tuple(pairs)


def _pair(
    one: Function, two: Function, label: int, number: int, recipe: Recipe, writer: _Writer, rng: random.Random
) -> Pair:
    """One pair whose members' forms, original or rewritten, do not depend on the label."""
    if rng.random() < recipe.both_rewritten:
        first, second = writer.version(one, number), writer.version(two, number + 1)
    else:
        first, second = writer.original(one), writer.version(two, number)
    return Pair(second, first, label) if rng.random() < 0.5 else Pair(first, second, label)
