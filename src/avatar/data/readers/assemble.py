"""Builds a corpus with all four splits from the examples of a data set's files."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from avatar.common.errors import ConfigError
from avatar.common.seeding import derive_seed
from avatar.config.schema import DatasetConfig
from avatar.data.disjoint import divide, grouped_split, without_shared_keys
from avatar.data.divisions import GIVEN, TRAIN, Divided, divided
from avatar.data.records import Corpus, Example, Function, SplitName, Task
from avatar.data.splits import Rows, clustered_split, linked_clusters, stratified_split
from avatar.data.twins import body_key

__all__ = ["TRAIN", "assemble"]


def assemble(
    task: Task,
    functions: Mapping[str, Function],
    given: Mapping[str, Sequence[Example]],
    cfg: DatasetConfig,
    seed: int,
    notes: Sequence[str] = (),
    groups: Mapping[str, Sequence[str]] | None = None,
) -> Corpus:
    """A corpus from the examples of the files: `given` has "train" or both halves, and may have valid and test.

    A missing valid or test split is taken from the training so that no body is in two splits: single functions
    stratified by label and project, pairs by `disjoint.divide`. `groups` has the value of the user's column
    dataset.columns.group for each example of `given`; no group is in two splits either. "train" is divided into the
    two halves, stratified by label and group. `cfg.split` may replace the division of the files (`data.divisions`).
    """
    parts = divided(cfg, functions, given, groups or {})
    builder = _Builder(functions, parts.given, cfg, seed, [*notes, *parts.notes], parts.groups)
    kept = builder.take_evaluation()
    builder.set_training(kept)
    builder.note_shared_groups()
    builder.number_rows(parts)
    return Corpus(
        name=cfg.name,
        task=task,
        functions=functions,
        splits={split: tuple(builder.splits[split]) for split in SplitName},
        notes=tuple(builder.notes),
        rows=builder.rows,
        source_rows=builder.source_rows,
        split=cfg.split,
    )


class _Builder:
    """Builds the splits step by step. `pool` has all examples of the training files in order."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        given: Mapping[str, Sequence[Example]],
        cfg: DatasetConfig,
        seed: int,
        notes: list[str],
        user_groups: Mapping[str, Sequence[str]],
    ) -> None:
        self.cfg, self.seed, self.functions, self.given, self.notes = cfg, seed, functions, given, notes
        halves = (TRAIN,) if TRAIN in given else (SplitName.LABELED, SplitName.UNLABELED)
        self.pool = [example for key in halves for example in given[key]]
        self.labels = np.asarray([example.label for example in self.pool], dtype=np.int64)
        self.groups = [functions[example.ids[0]].group for example in self.pool]
        self.user_groups = user_groups
        self.pool_groups = [group for key in halves for group in user_groups.get(key, ())]
        self.splits: dict[SplitName, Sequence[Example]] = {}
        self.rows: dict[SplitName, Rows] = {}
        self.source_rows: dict[SplitName, int] = {}

    def take_evaluation(self) -> Rows:
        """Set valid and test, from their files or from the pool; returns the rows of the pool that remain."""
        cfg = self.cfg
        for split in (SplitName.VALID, SplitName.TEST):
            if split in self.given:
                self.splits[split] = self.given[split]
        test = 0.0 if SplitName.TEST in self.given else cfg.test_share
        valid = 0.0 if SplitName.VALID in self.given else cfg.valid_share * (1 - test)
        absent = {SplitName.VALID: valid, SplitName.TEST: test}
        absent = {split: share for split, share in absent.items() if split not in self.given}
        if not absent:
            return np.arange(len(self.pool), dtype=np.int64)
        shares = [1 - sum(absent.values()), *absent.values()]
        kept, *parts = self._divided(shares, derive_seed(self.seed, "evaluation"))
        for split, chosen in zip(absent, parts, strict=True):
            self._choose(split, self.pool, chosen)
        taken = " and ".join(f"{split} ({len(self.splits[split]):,} examples)" for split in absent)
        reason = "There are no files for" if cfg.split == GIVEN else "This makes"
        self.notes.append(f"{reason} {taken}: taken from the training data, {self._division_rule()}.")
        return kept

    def _division_rule(self) -> str:
        if any(self.pool_groups):
            return "so that no group and no function is in two splits"
        if any(len(example.ids) > 1 for example in self.pool):
            return "with about the same share of each label"
        return "stratified by label and group"

    def _divided(self, shares: Sequence[float], seed: int) -> Sequence[Rows]:
        """Rows of the pool for the training and each missing split."""
        bodies = self._bodies()
        if any(self.pool_groups):
            return self._divided_by_group(bodies, shares, seed)
        if all(len(example.ids) == 1 for example in self.pool):
            return clustered_split(self.labels, self.groups, linked_clusters(bodies), shares, seed)
        division = divide(bodies, self.labels, shares, seed)
        if division is None:
            linked = np.bincount(linked_clusters(bodies)).max()
            self.notes.append(
                f"Shared functions link {linked:,} of {len(self.pool):,} examples, too many to divide them: valid and "
                "test contain functions of the training, so their scores do not show how well a model works on "
                "functions that it has not seen."
            )
            pairs = linked_clusters([(frozenset(keys),) for keys in bodies])
            return clustered_split(self.labels, self.groups, pairs, shares, seed)
        if division.dropped:
            self.notes.append(
                f"Shared functions link {division.linked:,} of {len(self.pool):,} examples; "
                f"{self._dropped(division.dropped)} so that no function is in two of training, valid and test."
            )
        return division.parts

    def _divided_by_group(
        self, bodies: Sequence[Sequence[Hashable]], shares: Sequence[float], seed: int
    ) -> Sequence[Rows]:
        keys: list[Sequence[Hashable]] = [
            (("group", group),) if group else body for group, body in zip(self.pool_groups, bodies, strict=True)
        ]
        divided = grouped_split(self.labels, linked_clusters(keys), shares, seed)
        parts = without_shared_keys(bodies, divided)
        labels = set(self.labels.tolist())
        if any(set(self.labels[rows].tolist()) != labels for rows in parts):
            raise ConfigError(
                f"dataset.columns.group={self.cfg.columns.get('group')} has {len(set(self.pool_groups)):,} groups, "
                f"which cannot be divided into {len(shares)} splits so that each has examples of every label",
                "give separate valid and test files, or remove dataset.columns.group",
            )
        dropped = sum(map(len, divided)) - sum(map(len, parts))
        if dropped:
            self.notes.append(f"Groups share functions; {self._dropped(dropped)} so that no function is in two splits.")
        return parts

    def _dropped(self, count: int) -> str:
        return f"{count:,} examples ({100 * count / len(self.pool):.1f} %) were dropped"

    def _bodies(self) -> list[Sequence[Hashable]]:
        key_of = {name: body_key(function.code) for name, function in self.functions.items()}
        return [tuple(key_of[name] for name in example.ids) for example in self.pool]

    def note_shared_groups(self) -> None:
        """Add a note if examples of a valid or test file have a group of the training."""
        training = {group for group in self.pool_groups if group}
        for split in (SplitName.VALID, SplitName.TEST):
            groups = self.user_groups.get(split, ()) if split in self.given else ()
            shared = sum(group in training for group in groups)
            if shared:
                self.notes.append(
                    f"{shared:,} of the {len(groups):,} examples of {split} have a group (dataset.columns.group) that "
                    f"is also in the training: scores on {split} do not show how well a model works on other groups."
                )

    def set_training(self, kept: Rows) -> None:
        """Set the two halves from the `kept` rows of the pool."""
        if TRAIN in self.given:
            shares = (self.cfg.labeled_share, 1 - self.cfg.labeled_share)
            labels, groups = self.labels[kept], [self.groups[row] for row in kept]
            halves = stratified_split(labels, groups, shares, derive_seed(self.seed, "halves"))
            for split, half in zip((SplitName.LABELED, SplitName.UNLABELED), halves, strict=True):
                self._choose(split, self.pool, kept[half])
            sizes = " labelled and ".join(f"{len(half):,}" for half in halves)
            self.notes.append(
                f"The training split was divided into {sizes} unlabelled examples, stratified by label and group."
            )
            return
        border = len(self.given[SplitName.LABELED])
        labeled, unlabeled = kept[kept < border], kept[kept >= border] - border
        for split, chosen in ((SplitName.LABELED, labeled), (SplitName.UNLABELED, unlabeled)):
            if len(chosen) == len(self.given[split]):
                self.splits[split] = self.given[split]
            else:
                self._choose(split, self.given[split], chosen)

    def number_rows(self, parts: Divided) -> None:
        """Replace the rows of each split by those of all files together, if these were divided anew."""
        if not parts.rows:
            return
        for split in SplitName:
            source = parts.rows[split.value if split.value in parts.rows else TRAIN]
            self.rows[split] = source[self.rows[split]] if split in self.rows else source
            self.source_rows[split] = parts.total

    def _choose(self, split: SplitName, source: Sequence[Example], rows: Rows) -> None:
        self.splits[split] = [source[row] for row in rows.tolist()]
        self.rows[split] = rows
        self.source_rows[split] = len(source)
