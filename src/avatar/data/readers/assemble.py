"""From the examples of a set's files to a corpus with all four splits."""

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

from avatar.common.seeding import derive_seed
from avatar.config.schema import DatasetConfig
from avatar.data.overlaps import body_key
from avatar.data.records import Corpus, Example, Function, SplitName, Task
from avatar.data.splits import Rows, clustered_split, linked_clusters, stratified_split

TRAIN = "train"


def assemble(
    task: Task,
    functions: Mapping[str, Function],
    given: Mapping[str, Sequence[Example]],
    cfg: DatasetConfig,
    seed: int,
    notes: Sequence[str] = (),
) -> Corpus:
    """A corpus from what the files gave: `given` has "train" or the two halves, and perhaps valid and test.

    Missing valid and test splits are taken from the training, stratified, and where possible so that
    no body stands on both sides; a whole "train" is halved, stratified by label and group.
    """
    builder = _Builder(functions, given, cfg, seed, [*notes])
    kept = builder.take_evaluation()
    builder.place_training(kept)
    return Corpus(
        name=cfg.name,
        task=task,
        functions=functions,
        splits={split: tuple(builder.splits[split]) for split in SplitName},
        notes=tuple(builder.notes),
        rows=builder.rows,
        source_rows=builder.source_rows,
    )


class _Builder:
    """The splits as they come about. `pool` holds all examples of the training files, one after the other."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        given: Mapping[str, Sequence[Example]],
        cfg: DatasetConfig,
        seed: int,
        notes: list[str],
    ) -> None:
        self.cfg, self.seed, self.functions, self.given, self.notes = cfg, seed, functions, given, notes
        halves = (TRAIN,) if TRAIN in given else (SplitName.LABELED, SplitName.UNLABELED)
        self.pool = [example for key in halves for example in given[key]]
        self.labels = np.asarray([example.label for example in self.pool], dtype=np.int64)
        self.groups = [functions[example.ids[0]].group for example in self.pool]
        self.splits: dict[SplitName, Sequence[Example]] = {}
        self.rows: dict[SplitName, Rows] = {}
        self.source_rows: dict[SplitName, int] = {}

    def take_evaluation(self) -> Rows:
        """Set valid and test, from their files or out of the pool; the rows of the pool that remain."""
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
        kept, *parts = clustered_split(
            self.labels,
            self.groups,
            linked_clusters(self._keys(min(absent.values()))),
            shares,
            derive_seed(self.seed, "evaluation"),
        )
        for split, chosen in zip(absent, parts, strict=True):
            self._choose(split, self.pool, chosen)
        taken = " and ".join(f"{split} ({len(self.splits[split]):,} examples)" for split in absent)
        self.notes.append(f"The data has no own {taken}: split off, stratified by label and group.")
        return kept

    def place_training(self, kept: Rows) -> None:
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

    def _choose(self, split: SplitName, source: Sequence[Example], rows: Rows) -> None:
        self.splits[split] = [source[row] for row in rows.tolist()]
        self.rows[split] = rows
        self.source_rows[split] = len(source)

    def _keys(self, smallest_share: float) -> list[tuple[Hashable, ...]]:
        """What keeps examples together: their bodies, unless those link too many examples to divide them."""
        key_of = {name: body_key(function.code) for name, function in self.functions.items()}
        bodies: list[tuple[Hashable, ...]] = [tuple(key_of[name] for name in example.ids) for example in self.pool]
        sizes = np.bincount(linked_clusters(bodies), minlength=1)
        if sizes.max() <= max(2.0, smallest_share * len(self.pool) / 2):
            return bodies
        self.notes.append(
            f"Shared functions link {sizes.max():,} of {len(self.pool):,} examples, too many to keep them "
            "in one split: the evaluation contains functions that also stand in the training."
        )
        return [(frozenset(keys),) for keys in bodies]
