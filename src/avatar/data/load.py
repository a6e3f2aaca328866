"""From the dataset's configuration to a checked corpus."""

import dataclasses

import numpy as np

from avatar.common.errors import DataError
from avatar.common.logging import get_logger
from avatar.common.seeding import derive_seed
from avatar.config.schema import DatasetConfig
from avatar.data.overlaps import TRAINING, without_twins
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
    """`corpus` with this share of each training split, stratified by label and group; valid and test stay whole."""
    splits, rows, source_rows = dict(corpus.splits), dict(corpus.rows), dict(corpus.source_rows)
    notes = list(corpus.notes)
    for split in TRAINING:
        examples = corpus.splits[split]
        groups = [corpus.functions[example.ids[0]].group for example in examples]
        stream = derive_seed(seed, "share", split.value)
        kept, _ = stratified_split(corpus.labels(split), groups, (share, 1 - share), stream)
        splits[split] = tuple(examples[row] for row in kept.tolist())
        rows[split] = np.asarray(corpus.rows[split])[kept] if split in corpus.rows else kept
        source_rows[split] = corpus.source_rows.get(split, len(examples))
        notes.append(f"{len(kept):,} of the {len(examples):,} examples of {split} are used (dataset.share={share:g}).")
    return dataclasses.replace(corpus, splits=splits, rows=rows, source_rows=source_rows, notes=tuple(notes))


def validate(corpus: Corpus, hint: str = "") -> None:
    """Raise a DataError if no model can be trained or evaluated on `corpus`.

    Each split needs examples of two classes, each id a function, and no function may be empty.
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
                hint or "every split needs examples of both classes",
            )
