"""Reads a file of examples and scores a student on it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from avatar.common.errors import DataError, did_you_mean
from avatar.common.logging import get_logger
from avatar.serve.evaluate.functions import code_of
from avatar.serve.evaluate.kinds import KINDS, Example, Kind
from avatar.serve.evaluate.result import Result
from avatar.serve.predictor import Predictor
from avatar.tables.formats import table_columns, table_rows

log = get_logger("evaluate")
LANGUAGE = "language"
"""The optional column of all kinds."""


@dataclass(frozen=True)
class Options:
    """How the file is read. `kind` is None if the columns tell it; `columns` has the column of a field by its name.

    `language` is that of functions without a column of languages, "" if unknown. The others are those of `Predictor`.
    """

    kind: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    language: str = ""
    threads: int = 1
    runtime: str | None = None
    precision: str | None = None


def evaluate(bundle: Path, data: Path, options: Options) -> Result:
    """The scores of the student in `bundle` on the examples in `data`.

    A file that cannot be read, or that does not fit the student's task, is a DataError.
    """
    start = time.monotonic()
    predictor = Predictor(bundle, options.threads, runtime=options.runtime, precision=options.precision)
    task = predictor.config.task
    name = options.kind or _kind_of(data, options.columns, task)
    kind = KINDS.get(name)
    if task not in kind.tasks:
        fitting = [other for other in KINDS if task in KINDS.get(other).tasks]
        raise DataError(
            f"{data} has {kind.title}; the student in {bundle} has the task '{task}', which they do not fit",
            f"give data of the kind {' or '.join(fitting)}, or a student for the task {' or '.join(kind.tasks)}: "
            "avatar evaluate BUNDLE --data FILE",
        )
    examples = read_examples(data, kind, options)
    log.info("%s: %d rows of %s", data, len(examples), kind.title)
    scored = kind.score(predictor, examples)
    return Result(
        name,
        str(bundle),
        str(data),
        task,
        scored.scores,
        scored.counts,
        scored.threshold,
        scored.notes,
        time.monotonic() - start,
    )


def read_examples(data: Path, kind: Kind, options: Options) -> list[Example]:
    """The examples of a file of `kind`; an empty one, or a wrong row, is a DataError."""
    columns = {name: options.columns.get(name, name) for name in kind.fields}
    for name in options.columns:
        if name not in (*kind.fields, LANGUAGE):
            raise DataError(
                f"--columns names the field '{name}', which {kind.title} do not have",
                did_you_mean(name, (*kind.fields, LANGUAGE)),
            )
    if LANGUAGE in options.columns or LANGUAGE in table_columns(data):
        columns[LANGUAGE] = options.columns.get(LANGUAGE, LANGUAGE)
    examples = []
    for where, row in table_rows(data, tuple(columns.values())):
        functions = tuple(code_of(row, code, columns, where, options.language) for code in kind.codes)
        answer = kind.read_answer(row, columns[kind.answer], where) if kind.read_answer is not None else ""
        examples.append(Example(functions, answer))
    if not examples:
        raise DataError(f"{data} has no rows", "give a file with at least one example")
    return examples


def _kind_of(data: Path, columns: Mapping[str, str], task: str) -> str:
    """The kind whose columns the file has, and that fits the student's task if several do."""
    present = table_columns(data)
    possible = [name for name in KINDS if all(columns.get(one, one) in present for one in KINDS.get(name).fields)]
    fitting = [name for name in possible if task in KINDS.get(name).tasks] or possible
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise DataError(f"{data} can be read as {' or as '.join(fitting)}", f"choose one: --kind {fitting[0]}")
    wanted = "; ".join(f"{name}: {', '.join(KINDS.get(name).fields)}" for name in KINDS)
    raise DataError(
        f"{data} has the columns {', '.join(present) or '(none)'}; no kind of data has all of its columns there",
        f"the columns of each kind are {wanted}. Other names are given as --columns FIELD=COLUMN, for example "
        "--columns code=func label=target",
    )
