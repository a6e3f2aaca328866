"""From the dataset's configuration to a checked corpus."""

import dataclasses

import numpy as np

from avatar.common.errors import ConfigError, DataError
from avatar.common.logging import get_logger
from avatar.common.seeding import derive_seed
from avatar.config.schema import DatasetConfig
from avatar.data.disjoint import whole_groups
from avatar.data.overlaps import EVALUATION, TRAINING, without_twins
from avatar.data.readers import READERS
from avatar.data.records import Corpus, SplitName
from avatar.data.splits import stratified_split


def load_corpus(cfg: DatasetConfig, seed: int) -> Corpus:
    """Read the data set that `cfg` names, apply `drop_twins` and `share`, and check the result.

    Twins are searched in the whole training, so the evaluation is the same for every share.
    """
    corpus = READERS.get(cfg.name)(cfg, seed)
    if not corpus.languages and cfg.language is not None:
        corpus = dataclasses.replace(corpus, languages=(cfg.language,))
    if cfg.split != corpus.split:
        raise ConfigError(
            f"dataset.split is '{cfg.split}'; dataset={cfg.name} is always divided by whole groups or modules",
            "set dataset.split=given",
        )
    if cfg.twins != corpus.twins:
        corpus = dataclasses.replace(corpus, twins=cfg.twins)
    validate(corpus)
    reduced = corpus
    if cfg.drop_twins:
        reduced = without_twins(reduced)
    if cfg.share < 1:
        reduced = take_share(reduced, cfg.share, seed)
    if reduced is not corpus:
        options = f"dataset.share={cfg.share:g} and dataset.drop_twins={str(cfg.drop_twins).lower()}"
        validate(reduced, f"{options} leave too few examples: raise dataset.share, or set dataset.drop_twins=false")
    sizes = ", ".join(f"{split} {len(reduced.splits[split]):,}" for split in SplitName)
    get_logger("data").info("%s: %s functions; examples: %s", cfg.name, f"{len(reduced.functions):,}", sizes)
    return reduced


def take_share(corpus: Corpus, share: float, seed: int) -> Corpus:
    """`corpus` with this share of each training split; valid and test stay whole.

    It is stratified by label and group; of groups of clones, whole groups are taken.
    """
    splits, rows, source_rows = dict(corpus.splits), dict(corpus.rows), dict(corpus.source_rows)
    notes = list(corpus.notes)
    for split in TRAINING:
        examples = corpus.splits[split]
        stream, shares = derive_seed(seed, "share", split.value), (share, 1 - share)
        if corpus.task.grouped:
            kept, _ = whole_groups(corpus.labels(split), shares, stream)
        else:
            groups = [corpus.functions[example.ids[0]].group for example in examples]
            kept, _ = stratified_split(corpus.labels(split), groups, shares, stream)
        splits[split] = tuple(examples[row] for row in kept.tolist())
        rows[split] = np.asarray(corpus.rows[split])[kept] if split in corpus.rows else kept
        source_rows[split] = corpus.source_rows.get(split, len(examples))
        notes.append(f"{len(kept):,} of the {len(examples):,} examples of {split} are used (dataset.share={share:g}).")
    return dataclasses.replace(corpus, splits=splits, rows=rows, source_rows=source_rows, notes=tuple(notes))


def validate(corpus: Corpus, hint: str = "") -> None:
    """Raise a DataError if no model can be trained or evaluated on `corpus`.

    Each split needs examples of two classes or groups, each id a function, and no function may be empty. A split with
    groups of clones needs two functions that are clones, except that one training half needs none.
    """
    for name, function in corpus.functions.items():
        if function.id != name:
            raise DataError(f"{corpus.name}: the function '{function.id}' is stored under another id, '{name}'")
        if not function.code or function.code.isspace():
            raise DataError(f"{corpus.name}: the function '{name}' is empty", "remove it and its examples")
    for split in SplitName:
        examples = corpus.splits.get(split, ())
        if not examples:
            raise DataError(f"{corpus.name}: the split {split} is empty", hint or "each split needs examples")
        for row, example in enumerate(examples):
            if example.label not in range(corpus.num_labels):
                raise DataError(
                    f"{corpus.name}: row {row} of {split} has the label {example.label}, which is out of range",
                    f"labels are 0 to {corpus.num_labels - 1}",
                )
            for name in example.ids:
                if name not in corpus.functions:
                    raise DataError(
                        f"{corpus.name}: row {row} of {split} names '{name}', but there is no function with this id"
                    )
        labels = {example.label for example in examples}
        if len(labels) < 2:
            raise DataError(
                f"{corpus.name}: all {len(examples):,} examples of {split} have the label {labels.pop()}",
                hint or f"every split needs examples of {'two groups' if corpus.task.grouped else 'both classes'}",
            )
    if corpus.task.grouped:
        _validate_groups(corpus, hint)


def _validate_groups(corpus: Corpus, hint: str) -> None:
    """Raise a DataError if valid, test or the whole training has no two functions of one group."""
    for name, splits in (("the training", TRAINING), *((f"the split {split}", (split,)) for split in EVALUATION)):
        labels = np.concatenate([corpus.labels(split) for split in splits])
        if len(np.unique(labels)) == len(labels):
            raise DataError(
                f"{corpus.name}: no two of the {len(labels):,} functions of {name} have the same group",
                hint or "functions of one group are clones of each other: give each group at least two functions",
            )
