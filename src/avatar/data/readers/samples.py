"""The user's own labelled functions: tables with a body and a label, with column names from dataset.columns."""

from avatar.config.schema import DatasetConfig
from avatar.data.data_location import locate
from avatar.data.readers.assemble import assemble
from avatar.data.readers.function_table import FunctionTable
from avatar.data.readers.reader_registry import READERS
from avatar.data.readers.table_files import column_names, split_files, unread_files
from avatar.data.records import Corpus, Sample, Task
from avatar.tables.fields import code_field, label_field, text_field
from avatar.tables.formats import table_rows

LAYOUT = "train.jsonl (or .csv, .parquet; columns code, label), and optionally valid and test"


@READERS.register("samples")
def read(cfg: DatasetConfig, seed: int) -> Corpus:
    """Equal bodies are one function, whose id is a hash of the body. No value of `columns.group` is in two splits."""
    source = locate(cfg, LAYOUT)
    columns = column_names(cfg, ("code", "label"), optional=("group",))
    table = FunctionTable()
    given: dict[str, list[Sample]] = {}
    groups: dict[str, list[str]] = {}
    files = split_files(cfg, source.folder)
    for split, path in files.items():
        given[split], groups[split] = [], []
        for where, row in table_rows(path, tuple(columns.values())):
            group = text_field(row, columns["group"]) if "group" in columns else ""
            name = table.add_body(code_field(row, columns["code"], where, cfg.language), group)
            given[split].append(Sample(name, label_field(row, columns["label"], where)))
            groups[split].append(group)
    return assemble(
        Task.FUNCTION, table.by_id, given, cfg, seed, [*source.notes, *unread_files(source.folder, files)], groups
    )
