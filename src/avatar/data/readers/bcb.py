"""BigCloneBench in the format of CodeXGLUE: pairs of Java functions, clones or not.

Svajlenko et al. (ICSME 2014); filtered by Wang et al. (SANER 2020); Lu et al. (CodeXGLUE, 2021).
"""

from collections.abc import Sequence
from pathlib import Path

from avatar.common.errors import DataError
from avatar.config.schema import DatasetConfig
from avatar.data.data_location import locate
from avatar.data.readers.assemble import assemble
from avatar.data.readers.folders import has, missing, parquet_parts
from avatar.data.readers.function_table import FunctionTable
from avatar.data.readers.reader_registry import READERS
from avatar.data.records import Corpus, Function, Pair, Task
from avatar.tables.fields import as_label, code_field, id_field
from avatar.tables.lines import json_rows, text_lines
from avatar.tables.parquet import parquet_batches, readable

LAYOUT = (
    "data.jsonl (idx, func), valid.txt, test.txt, and train.txt or both train_label.txt and "
    "train_unlabel.txt (id TAB id TAB label), as in CodeXGLUE's Clone-detection-BigCloneBench"
)
HALVES = {"train_labeled": "train_label.txt", "train_unlabeled": "train_unlabel.txt"}


@READERS.register("bcb")
def read(cfg: DatasetConfig, seed: int) -> Corpus:
    """The text files, with both halves or with a train.txt that is divided into them; or the hub's parquet files."""
    source = locate(cfg, LAYOUT)
    folder = source.folder
    table = FunctionTable()
    evaluation = {"valid": "valid.txt", "test": "test.txt"}
    if has(folder, "data.jsonl", *evaluation.values()):
        training = HALVES if has(folder, *HALVES.values()) else {"train": "train.txt"}
        if not has(folder, *training.values()):
            raise missing(folder, LAYOUT)
        for where, row in json_rows(folder / "data.jsonl"):
            table.add(id_field(row, "idx", where), code_field(row, "func", where, cfg.language), where)
        files = {**training, **evaluation}
        given = {split: _pair_lines(folder / name, table.by_id) for split, name in files.items()}
    else:
        parts = parquet_parts(folder)
        if len(parts) < 3:
            raise missing(folder, LAYOUT)
        given = {split: _parquet_pairs(paths, table, cfg.language) for split, paths in parts.items()}
    return assemble(Task.PAIR, table.by_id, given, cfg, seed, source.notes)


def _pair_lines(path: Path, functions: dict[str, Function]) -> Sequence[Pair]:
    pairs = []
    for number, line in text_lines(path):
        cells = line.split()
        if not cells:
            continue
        where = f"{path}:{number}"
        if len(cells) != 3:
            text = line.strip()[:80]
            raise DataError(f"{where}: the line is {text!r}; it must be id TAB id TAB label", "correct this line")
        first, second, label = cells
        for name in (first, second):
            if name not in functions:
                raise DataError(
                    f"{where}: the id '{name}' is not in data.jsonl, which has {len(functions):,} functions",
                    "remove the line, or add the function to data.jsonl",
                )
        pairs.append(Pair(first, second, as_label(label, where)))
    return pairs


def _parquet_pairs(paths: Sequence[Path], table: FunctionTable, language: str | None) -> Sequence[Pair]:
    """Pairs of the hub's rows (id1, id2, func1, func2, label), which contain both bodies in every row.

    A body is read only at the first row with its id: all bodies together are gigabytes.
    """
    pairs: list[Pair] = []
    for path in paths:
        for start, batch in parquet_batches(path, ("id1", "id2", "func1", "func2", "label")):
            with readable(path, start, batch.num_rows):
                sides = [[str(name) for name in batch.column(key).to_pylist()] for key in ("id1", "id2")]
                for names, bodies in zip(sides, (batch.column("func1"), batch.column("func2")), strict=True):
                    for row, name in enumerate(names):
                        if name not in table.by_id:
                            where = f"{path}, row {start + row}"
                            table.add(name, code_field({"func": bodies[row].as_py()}, "func", where, language), where)
                labels = batch.column("label").to_pylist()
            pairs.extend(
                Pair(first, second, as_label(label, f"{path}, row {start + row}"))
                for row, (first, second, label) in enumerate(zip(*sides, labels, strict=True))
            )
    return pairs
