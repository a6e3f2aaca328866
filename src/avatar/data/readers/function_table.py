"""A table of the functions of a corpus: each function once, with a unique id."""

from collections.abc import Iterable

from avatar.common.errors import DataError
from avatar.common.hashing import stable_hash
from avatar.data.records import Function, Sample
from avatar.tables.fields import code_field, id_field, label_field, text_field
from avatar.tables.lines import LocatedRow


class FunctionTable:
    """Functions by id, in the order of their first occurrence."""

    def __init__(self) -> None:
        self.by_id: dict[str, Function] = {}
        self.renamed = 0
        """Number of functions that got a new id because another body already had theirs."""
        self._by_body: dict[str, str] = {}

    def add(self, name: str, code: str, where: str) -> None:
        """Add a function that examples refer to by `name`; a second body with the same id is a DataError."""
        known = self.by_id.setdefault(name, Function(name, code))
        if known.code != code:
            raise DataError(
                f"{where}: the id '{name}' already belongs to a function with another body",
                "ids must be unique: remove one of the two functions, or give it another id",
            )

    def add_body(self, code: str, group: str = "", language: str = "") -> str:
        """Add a function without an id and return its id, a hash of the body. Equal bodies are one function."""
        name = self._by_body.get(code)
        if name is None:
            name = self._by_body[code] = stable_hash(code)
            self.by_id[name] = Function(name, code, group, language)
        return name

    def add_renamed(self, name: str, code: str, group: str) -> str:
        """Add a function that nothing refers to by id, and return its id: a new one if another body has `name`."""
        free, number = name, 1
        while free in self.by_id and self.by_id[free].code != code:
            number += 1
            free = f"{name}#{number}"
        self.renamed += free != name
        self.by_id.setdefault(free, Function(free, code, group))
        return free

    def notes(self) -> tuple[str, ...]:
        """A sentence about functions with a new id, if there are any."""
        if not self.renamed:
            return ()
        return (f"{self.renamed:,} functions had the id of another function and got a new one.",)


def vulnerability_samples(
    rows: Iterable[LocatedRow], table: FunctionTable, split: str, language: str | None
) -> tuple[Sample, ...]:
    """Samples of rows with "func", "target" and optionally "project" and "idx" (or "id"); adds them to `table`."""
    samples = []
    for number, (where, row) in enumerate(rows):
        key = next((name for name in ("idx", "id") if name in row), None)
        name = id_field(row, key, where) if key else f"{split}-{number}"
        code, label = code_field(row, "func", where, language), label_field(row, "target", where)
        samples.append(Sample(table.add_renamed(name, code, text_field(row, "project")), label))
    return tuple(samples)
