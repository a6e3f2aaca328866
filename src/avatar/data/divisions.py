"""Other divisions of a data set than that of its files: all examples divided anew, or by project."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from avatar.common.errors import ConfigError, did_you_mean
from avatar.config.schema import DatasetConfig
from avatar.data.records import Example, Function, SplitName
from avatar.data.splits import Rows
from avatar.data.twins import body_key

GIVEN, STRATIFIED, PROJECT = SPLITS = ("given", "stratified", "project")
"""Values of dataset.split."""
TRAIN = "train"
ORDER = (TRAIN, SplitName.LABELED.value, SplitName.UNLABELED.value, SplitName.VALID.value, SplitName.TEST.value)


@dataclass(frozen=True)
class Divided:
    """The examples of each part, and the value of the user's column `group` for each.

    Unless the division is that of the files, `rows` has the row of each example of a part among those of all files
    together, in the order of `ORDER`, and `total` their number.
    """

    given: Mapping[str, Sequence[Example]]
    groups: Mapping[str, Sequence[str]]
    notes: tuple[str, ...] = ()
    rows: Mapping[str, Rows] = field(default_factory=dict)
    total: int = 0


def divided(
    cfg: DatasetConfig,
    functions: Mapping[str, Function],
    given: Mapping[str, Sequence[Example]],
    groups: Mapping[str, Sequence[str]],
) -> Divided:
    """The parts by `cfg.split`, from those of the files.

    The project of an example is the group of its first function. A project in `cfg.test_projects` that does not
    exist, or one that leaves no other, is a ConfigError.
    """
    if cfg.split == GIVEN:
        return Divided(given, groups)
    keys = [key for key in ORDER if key in given]
    pool = [example for key in keys for example in given[key]]
    of_pool = [group for key in keys for group in groups.get(key, ())]
    everything = np.arange(len(pool), dtype=np.int64)
    if cfg.split == STRATIFIED:
        note = f"All {len(pool):,} examples of the files were divided anew (dataset.split=stratified)."
        return Divided({TRAIN: pool}, {TRAIN: of_pool}, (note,), {TRAIN: everything}, len(pool))
    project_of = [functions[example.ids[0]].group for example in pool]
    _check(cfg, project_of)
    chosen = np.asarray([name in cfg.test_projects for name in project_of], dtype=np.bool_)
    bodies = {name: body_key(function.code) for name, function in functions.items()}
    in_test = {bodies[name] for row in np.flatnonzero(chosen).tolist() for name in pool[row].ids}
    shared = np.asarray([any(bodies[name] in in_test for name in example.ids) for example in pool], dtype=np.bool_)
    rows = {TRAIN: everything[~shared & ~chosen], SplitName.TEST.value: everything[chosen]}
    dropped = int((shared & ~chosen).sum())
    note = (
        f"Test has the {int(chosen.sum()):,} examples of {', '.join(cfg.test_projects)}, training and valid have those "
        "of the other projects (dataset.split=project)."
        + (f" {dropped:,} of these were dropped, because they use a function that is also in test." if dropped else "")
    )
    parts = {key: [pool[row] for row in part.tolist()] for key, part in rows.items()}
    return Divided(
        parts,
        {key: [of_pool[row] for row in part.tolist()] if of_pool else [] for key, part in rows.items()},
        (note,),
        rows,
        len(pool),
    )


def _check(cfg: DatasetConfig, project_of: Sequence[str]) -> None:
    """Raise a ConfigError if the test projects cannot be divided from others."""
    counts = Counter(project_of)
    available = ", ".join(f"{name or '(unknown)'} ({count:,} examples)" for name, count in counts.most_common(10))
    named = sorted(name for name in counts if name)
    if not named:
        raise ConfigError(
            "dataset.split is 'project', but the data names no project",
            "set dataset.columns.group=COLUMN if the data has such a column, or another dataset.split",
        )
    if not cfg.test_projects:
        raise ConfigError(
            "dataset.split is 'project', and dataset.test_projects is []", f"name one or more of: {available}"
        )
    for name in cfg.test_projects:
        if name not in named:
            raise ConfigError(f"dataset.test_projects names '{name}'", did_you_mean(name, named))
    if set(cfg.test_projects) >= set(counts):
        raise ConfigError("dataset.test_projects leaves no project for the training", f"the data has: {available}")
