"""What a scan found, as text for the cache: if no file changed since then, nothing has to be computed."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import Any

import avatar
from avatar.serve.scan.clone_kinds import CloneKind
from avatar.serve.scan.findings import Finding, LeftOut, Location
from avatar.serve.scan.source_files import Skipped, SourceFile

_COLUMNS = tuple(field.name for field in fields(Location))


@dataclass(frozen=True)
class Result:
    """What depends only on the files and the options. `languages` are those of the `functions` large enough."""

    findings: tuple[Finding, ...]
    functions: int
    functions_too_small: int
    functions_distinct: int
    languages: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[Skipped, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def text(self) -> str:
        """As JSON; `from_text` reads it."""
        content = {field.name: getattr(self, field.name) for field in fields(self)}
        content["findings"] = [
            [
                [[getattr(function, name) for name in _COLUMNS] for function in one.functions],
                one.probability,
                one.highest,
                one.exact,
                one.changed,
                one.kind,
                one.copies,
            ]
            for one in self.findings
        ]
        for name in ("skipped", "notes"):
            content[name] = [[one.name, one.reason] for one in content[name]]
        content["left_out"] = [[one.what, one.count, one.option] for one in self.left_out]
        return json.dumps(content)

    @classmethod
    def from_text(cls, text: str) -> "Result":
        """The result that was stored; a wrong text is a ValueError."""
        try:
            content: dict[str, Any] = json.loads(text)
            content["findings"] = tuple(_finding(*one) for one in content["findings"])
            for name in ("skipped", "notes"):
                content[name] = tuple(Skipped(*one) for one in content[name])
            content["left_out"] = tuple(LeftOut(*one) for one in content["left_out"])
            return cls(**content | {"languages": tuple(content["languages"])})
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"no stored result: {error}") from error


def _finding(
    rows: list[list[Any]], probability: float, highest: float, exact: bool, changed: int, kind: str, copies: int
) -> Finding:
    functions = tuple(Location(*row) for row in rows)
    return Finding(functions, probability, highest, exact, changed, CloneKind(kind) if kind else "", copies)


def state_of(entries: Iterable[SourceFile | Skipped]) -> str:
    """A digest of names, sizes and times of the files to scan, and of those of the program's own files."""
    digest = sha256(_program().encode())
    for entry in entries:
        facts = (entry.size, entry.changed_ns) if isinstance(entry, SourceFile) else (entry.reason,)
        digest.update("\0".join(map(str, (entry.name, *facts, "\n"))).encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _program() -> str:
    """Names, sizes and times of the modules that a scan runs: with another version, the result may be another."""
    top = Path(avatar.__file__).parent
    rows = []
    for name in ("serve", "bundle", "code", "common"):
        for folder, _, files in os.walk(top / name):
            for file in files:
                if file.endswith(".py"):
                    path = Path(folder, file)
                    status = path.stat()
                    rows.append(f"{path} {status.st_size} {status.st_mtime_ns}")
    return "\n".join(sorted(rows))
