"""ReVeal: C and C++ functions of Chromium and Debian, vulnerable or not (Chakraborty et al., TSE 2021)."""

from dataclasses import replace

from avatar.config.schema import DatasetConfig
from avatar.data.data_location import locate
from avatar.data.readers.assemble import TRAIN, assemble
from avatar.data.readers.folders import has, missing
from avatar.data.readers.function_table import FunctionTable, vulnerability_samples
from avatar.data.readers.reader_registry import READERS
from avatar.data.records import Corpus, Sample, Task
from avatar.tables.fields import code_field, text_field
from avatar.tables.lines import json_entries, json_rows

LAYOUT = (
    "vulnerables.json and non-vulnerables.json (lists of objects with code, and if known project), "
    "or functions.jsonl (func, target, and if known project, idx)"
)
LABELS = {"vulnerables": 1, "non-vulnerables": 0}


@READERS.register("reveal")
def read(cfg: DatasetConfig, seed: int) -> Corpus:
    """Either layout. The data set has no splits; all four are made by the shares of the config."""
    source = locate(cfg, LAYOUT)
    folder = source.folder
    table = FunctionTable()
    samples: list[Sample] = []
    if has(folder, "functions.jsonl"):
        rows = json_rows(folder / "functions.jsonl")
        samples.extend(vulnerability_samples(rows, table, "functions", cfg.language))
    elif has(folder, *(f"{stem}.json" for stem in LABELS)):
        for stem, label in LABELS.items():
            for number, (where, row) in enumerate(json_entries(folder / f"{stem}.json")):
                # "hash" is the commit, which many functions share, so it is not an id
                code, name = code_field(row, "code", where, cfg.language), f"{stem}-{number}"
                samples.append(Sample(table.add_renamed(name, code, text_field(row, "project")), label))
    else:
        raise missing(folder, LAYOUT)
    notes = [*source.notes, *table.notes()]
    corpus = assemble(Task.FUNCTION, table.by_id, {TRAIN: samples}, cfg, seed, notes)
    return replace(corpus, languages=("c", "cpp"))
