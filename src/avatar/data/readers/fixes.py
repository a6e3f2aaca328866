"""The user's own fixes: tables with a function before and after a fix of a vulnerability (columns: dataset.columns)."""

from collections.abc import Hashable
from dataclasses import replace

from avatar.common.errors import DataError
from avatar.config.schema import DatasetConfig
from avatar.data.data_location import locate
from avatar.data.readers.assemble import assemble
from avatar.data.readers.function_table import FunctionTable
from avatar.data.readers.reader_registry import READERS
from avatar.data.readers.table_files import column_names, split_files, unread_files
from avatar.data.records import Corpus, Sample, Task
from avatar.data.splits import linked_clusters
from avatar.data.twins import body_key
from avatar.tables.fields import code_field, text_field
from avatar.tables.formats import table_rows

LAYOUT = "train.jsonl (or .csv, .parquet; columns before, after), and optionally valid and test"


@READERS.register("fixes")
def read(cfg: DatasetConfig, seed: int) -> Corpus:
    """Each row gives two examples: the function before the fix (label 1) and after it (label 0).

    Both versions are in one split, and so are all fixes that share a version, or a value of `columns.group`. A fix
    that changes only whitespace is left out.
    """
    source = locate(cfg, LAYOUT)
    columns = column_names(cfg, ("before", "after"), optional=("group",))
    table = FunctionTable()
    given: dict[str, list[Sample]] = {}
    fixes: list[tuple[str, str]] = []
    links: dict[str, list[tuple[Hashable, ...]]] = {}
    unchanged = 0
    files = split_files(cfg, source.folder)
    for split, path in files.items():
        given[split], links[split] = [], []
        for where, row in table_rows(path, tuple(columns.values())):
            group = text_field(row, columns["group"]) if "group" in columns else ""
            codes = [code_field(row, columns[key], where, cfg.language) for key in ("before", "after")]
            keys = [body_key(code) for code in codes]
            if keys[0] == keys[1]:
                unchanged += 1
                continue
            before, after = (table.add_body(code, group) for code in codes)
            fixes.append((before, after))
            given[split] += [Sample(before, 1), Sample(after, 0)]
            links[split].append((*keys, *((("group", group),) if group else ())))
    if not fixes:
        raise DataError(
            f"no fix in {', '.join(path.name for path in files.values())} changes more than whitespace",
            "each row needs the function before the fix and the function after it",
        )
    numbers = iter(linked_clusters([keys for split in given for keys in links[split]]).tolist())
    groups = {split: [str(number) for _ in links[split] for number in [next(numbers)] * 2] for split in given}
    notes = [*source.notes, *unread_files(source.folder, files)]
    if unchanged:
        notes.append(f"{unchanged:,} fixes that change only whitespace were left out.")
    both = len({before for before, _ in fixes} & {after for _, after in fixes})
    if both:
        notes.append(f"{both:,} functions are after one fix and before another: they have both labels.")
    corpus = assemble(Task.FUNCTION, table.by_id, given, cfg, seed, notes, groups)
    return replace(corpus, fixes=tuple(fixes))
