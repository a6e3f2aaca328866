"""The user's own groups of clones: tables with a function, its group and its language (columns: dataset.columns)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from avatar.code.languages import LANGUAGES
from avatar.common.errors import ConfigError, DataError
from avatar.common.seeding import derive_seed
from avatar.config.schema import DatasetConfig
from avatar.data.data_location import locate
from avatar.data.disjoint import whole_groups
from avatar.data.readers.assemble import TRAIN
from avatar.data.readers.function_table import FunctionTable
from avatar.data.readers.reader_registry import READERS
from avatar.data.readers.table_files import column_names, split_files, unread_files
from avatar.data.records import Corpus, Sample, SplitName, Task
from avatar.data.splits import Rows
from avatar.tables.fields import code_field, group_field, language_field, text_field
from avatar.tables.formats import table_rows

LAYOUT = "train.jsonl (or .csv, .parquet; columns code, group, language), and optionally valid and test"
HALVES = (SplitName.LABELED, SplitName.UNLABELED)


@READERS.register("groups")
def read(cfg: DatasetConfig, seed: int) -> Corpus:
    """Functions with the same group are clones of each other. No group is in two splits.

    A split without a file is made of whole groups of the training, and so are the two training halves. A second row
    with an equal body in the same file is left out. Training rows are numbered over all training files, so `rows` and
    `source_rows` of both halves are rows of these files together, the labelled file first.
    """
    source = locate(cfg, LAYOUT)
    files = split_files(cfg, source.folder)
    tables = _Tables(cfg)
    for split, path in files.items():
        tables.read(split, path)
    tables.check_licences()
    notes = [*source.notes, *unread_files(source.folder, files), *tables.notes()]
    splits, rows, source_rows = _divide(tables, cfg, seed, notes)
    notes.append(_singles(splits))
    used = {name for examples in splits.values() for sample in examples for name in sample.ids}
    languages = sorted({tables.functions.by_id[name].language for name in used} - {""})
    return Corpus(
        name=cfg.name,
        task=Task.EMBEDDING,
        functions=tables.functions.by_id,
        splits={split: tuple(splits[split]) for split in SplitName},
        notes=tuple(note for note in notes if note),
        rows=rows,
        source_rows=source_rows,
        num_labels=len(tables.numbers),
        languages=tuple(languages),
    )


@dataclass
class _Tables:
    """The examples of each file. `numbers` has the label of each group, `first` the file and row of its first function.

    `lines` has the row number, from 0, of each example in its file, and `counts` the number of rows of each file.
    """

    cfg: DatasetConfig
    functions: FunctionTable = field(default_factory=FunctionTable)
    examples: dict[str, list[Sample]] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    first: dict[str, tuple[str, str]] = field(default_factory=dict)
    licences: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    conflicts: int = 0

    def read(self, split: str, path: Path) -> None:
        """Read the rows of one file."""
        cfg = self.cfg
        columns = column_names(cfg, ("code", "group"), optional=("language", "licence"))
        if cfg.licences and "licence" not in columns:
            raise ConfigError(
                f"dataset.licences is {cfg.licences}, but no column has the licence",
                "set dataset.columns.licence=COLUMN, or dataset.licences=[]",
            )
        self.examples[split], self.lines[split], seen = [], [], dict[str, int]()
        number = -1
        for number, (where, row) in enumerate(table_rows(path, tuple(columns.values()))):
            if cfg.licences:
                licence = text_field(row, columns["licence"])
                self.licences[licence] += 1
                if licence not in cfg.licences:
                    continue
            group = group_field(row, columns["group"], where)
            language = language_field(row, columns["language"], where) if "language" in columns else ""
            language = language or cfg.language or ""
            known = language if language in LANGUAGES.names() else None
            label = self._number(group, split, where)
            name = self.functions.add_body(code_field(row, columns["code"], where, known), group, language)
            if name in seen:
                self.repeated += 1
                self.conflicts += seen[name] != label
                continue
            seen[name] = label
            self.examples[split].append(Sample(name, label))
            self.lines[split].append(number)
        self.counts[split] = number + 1

    def _number(self, group: str, split: str, where: str) -> int:
        """The label of a group; a group in files of two splits is a DataError. The training halves are one split."""
        part = TRAIN if split.startswith(TRAIN) else split
        other, at = self.first.setdefault(group, (part, where))
        if other != part:
            raise DataError(
                f"{where}: the group '{group}' is also in the split {other} ({at}); no group may be in two splits",
                "put all functions of a group into one file, or give only dataset.files.train: then Avatar divides it",
            )
        return self.numbers.setdefault(group, len(self.numbers))

    def check_licences(self) -> None:
        """Raise a DataError if no row of a file has one of the wanted licences."""
        for split, examples in self.examples.items():
            if not examples and self.cfg.licences:
                available = ", ".join(
                    f"{name or 'none'} ({count:,} rows)" for name, count in self.licences.most_common()
                )
                raise DataError(
                    f"no row of {split} has one of the licences {', '.join(self.cfg.licences)}",
                    f"the files have: {available}; change dataset.licences",
                )

    def notes(self) -> Iterable[str]:
        """Sentences about rows that are not used."""
        if self.cfg.licences:
            kept = sum(count for name, count in self.licences.items() if name in self.cfg.licences)
            yield (
                f"{kept:,} of {sum(self.licences.values()):,} rows have one of the licences "
                f"{', '.join(self.cfg.licences)}; only these are used."
            )
        if self.repeated:
            conflict = f"; {self.conflicts:,} of them are in another group than the first one" if self.conflicts else ""
            yield f"{self.repeated:,} rows repeat the body of an earlier row of their file and are not used{conflict}."


def _divide(
    tables: _Tables, cfg: DatasetConfig, seed: int, notes: list[str]
) -> tuple[dict[SplitName, list[Sample]], dict[SplitName, Rows], dict[SplitName, int]]:
    """The four splits, and the source rows of those that are not a whole file."""
    training = (TRAIN,) if TRAIN in tables.examples else HALVES
    pool = [sample for key in training for sample in tables.examples[key]]
    starts = np.cumsum([0, *(tables.counts[key] for key in training)])
    lines = np.asarray(
        [start + line for key, start in zip(training, starts, strict=False) for line in tables.lines[key]], np.int64
    )
    labels = np.asarray([sample.label for sample in pool], dtype=np.int64)
    test = 0.0 if SplitName.TEST in tables.examples else cfg.test_share
    valid = 0.0 if SplitName.VALID in tables.examples else cfg.valid_share * (1 - test)
    absent = {SplitName.VALID: valid, SplitName.TEST: test}
    absent = {split: share for split, share in absent.items() if split not in tables.examples}
    splits: dict[SplitName, list[Sample]] = {}
    rows: dict[SplitName, Rows] = {}
    source_rows: dict[SplitName, int] = {}

    def choose(split: SplitName, chosen: Rows) -> None:
        splits[split] = [pool[row] for row in chosen.tolist()]
        rows[split], source_rows[split] = lines[chosen], int(starts[-1])

    kept = np.arange(len(pool), dtype=np.int64)
    if absent:
        shares = [1 - sum(absent.values()), *absent.values()]
        kept, *parts = whole_groups(labels, shares, derive_seed(seed, "evaluation"))
        for split, chosen in zip(absent, parts, strict=True):
            choose(split, chosen)
        taken = " and ".join(f"{split} ({len(splits[split]):,} functions)" for split in absent)
        notes.append(f"There are no files for {taken}: taken from the training data by whole groups.")
    for split in (SplitName.VALID, SplitName.TEST):
        if split in tables.examples:
            splits[split] = tables.examples[split]
            if len(splits[split]) < tables.counts[split]:
                rows[split], source_rows[split] = np.asarray(tables.lines[split], np.int64), tables.counts[split]
    if TRAIN in tables.examples:
        shares = [cfg.labeled_share, 1 - cfg.labeled_share]
        halves = whole_groups(labels[kept], shares, derive_seed(seed, "halves"))
        notes.append(
            f"The training was divided by whole groups into {len(halves[0]):,} labelled and {len(halves[1]):,} "
            "unlabelled functions."
        )
    else:
        border = len(tables.examples[SplitName.LABELED])
        halves = [np.flatnonzero(kept < border), np.flatnonzero(kept >= border)]
    for split, half in zip(HALVES, halves, strict=True):
        choose(split, kept[half])
    return splits, rows, source_rows


def _singles(splits: dict[SplitName, list[Sample]]) -> str:
    counts = Counter(sample.label for split in HALVES for sample in splits[split])
    alone = sum(count == 1 for count in counts.values())
    if not alone:
        return ""
    return f"{alone:,} of the {len(counts):,} training groups have one function; these are used as negatives only."
