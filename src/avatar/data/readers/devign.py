"""Devign: C functions of FFmpeg and QEMU, vulnerable or not (Zhou et al., NeurIPS 2019; CodeXGLUE)."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from avatar.common.errors import DataError
from avatar.config.schema import DatasetConfig
from avatar.data.data_location import locate
from avatar.data.readers.assemble import assemble
from avatar.data.readers.folders import has, missing, parquet_parts
from avatar.data.readers.function_table import FunctionTable, vulnerability_samples
from avatar.data.readers.reader_registry import READERS
from avatar.data.records import Corpus, Task
from avatar.tables.lines import LocatedRow, json_entries, json_rows, text_lines
from avatar.tables.parquet import parquet_rows

LAYOUT = (
    "train.jsonl, valid.jsonl and test.jsonl (func, target, and if known project, idx), or CodeXGLUE's "
    "function.json with the index files train.txt, valid.txt and test.txt"
)
SPLITS = ("train", "valid", "test")


@READERS.register("devign")
def read(cfg: DatasetConfig, seed: int) -> Corpus:
    """The jsonl files, or function.json with its index files, or the hub's parquet files. `assemble` halves train."""
    source = locate(cfg, LAYOUT)
    table = FunctionTable()
    given = {
        split: vulnerability_samples(rows, table, split, cfg.language) for split, rows in _rows(source.folder).items()
    }
    return assemble(Task.FUNCTION, table.by_id, given, cfg, seed, [*source.notes, *table.notes()])


def _rows(folder: Path) -> dict[str, Iterable[LocatedRow]]:
    if has(folder, *(f"{split}.jsonl" for split in SPLITS)):
        return {split: json_rows(folder / f"{split}.jsonl") for split in SPLITS}
    if has(folder, "function.json", *(f"{split}.txt" for split in SPLITS)):
        listed = enumerate(json_entries(folder / "function.json"))
        entries = [(where, {"idx": number, **row}) for number, (where, row) in listed]
        return {split: _indexed(folder / f"{split}.txt", entries) for split in SPLITS}
    parts = parquet_parts(folder)
    if len(parts) < len(SPLITS):
        raise missing(folder, LAYOUT)
    columns, optional = ("func", "target"), ("id", "project")
    return {
        split: chain.from_iterable(parquet_rows(path, columns, optional) for path in parts[split]) for split in SPLITS
    }


def _indexed(path: Path, entries: list[LocatedRow]) -> Iterable[LocatedRow]:
    for number, line in text_lines(path):
        text = line.strip()
        if not text:
            continue
        if not text.isdecimal() or int(text) >= len(entries):
            raise DataError(
                f"{path}:{number}: the line is {text[:80]!r}, which is not an index of function.json",
                f"each line must be the index of an entry, 0 to {len(entries) - 1}",
            )
        yield entries[int(text)]
