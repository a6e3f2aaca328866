"""Hints as diagnostics and actions of the language server protocol."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from lsprotocol import types
from pygls import uris
from pygls.workspace import PositionCodec

from avatar.common.printable import printable
from avatar.serve.lsp.index import Hint
from avatar.serve.scan.findings import Location

SOURCE = "avatar"
SHOW_TWIN = "avatar.showTwin"
"""Command that opens a clone. Arguments: the address of its file, and its first line, counted from 1."""

LONGEST_LINE = 300


def diagnostic(hint: Hint, label: str, lines: Sequence[str], codec: PositionCodec, root: str) -> types.Diagnostic:
    """A hint, shown at the first line of its function in the text `lines`; `label` is the predicted label."""
    location = hint.location
    row = min(location.first_line - 1, max(0, len(lines) - 1))
    text = (lines[row] if lines else "").rstrip()[:LONGEST_LINE]
    start = codec.client_num_units(text[: len(text) - len(text.lstrip())])
    end = codec.client_num_units(text)
    return types.Diagnostic(
        range=types.Range(types.Position(row, start), types.Position(row, max(start, end))),
        message=_message(hint, label, root),
        severity=types.DiagnosticSeverity.Information if hint.clones else types.DiagnosticSeverity.Warning,
        source=SOURCE,
        code=printable(label),
        related_information=[
            types.DiagnosticRelatedInformation(
                types.Location(address(clone.file), _line(clone)), f"{printable(clone.name)}, {_percent(probability)}"
            )
            for clone, probability in hint.clones
        ]
        or None,
    )


def action(clone: Location, shown: types.Diagnostic, root: str) -> types.CodeAction:
    """A quick fix that opens a clone."""
    title = f"Go to {printable(clone.name)} ({_where(clone, root)})"
    return types.CodeAction(
        title=title,
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[shown],
        command=types.Command(title, SHOW_TWIN, arguments=[address(clone.file), clone.first_line]),
    )


def address(file: str) -> str:
    """The URI of a file. The name of a text that was never saved is already a URI."""
    if not os.path.isabs(file):  # noqa: PTH117 - not always a path
        return file
    if os.sep == "/":  # also works for names that are not UTF-8
        return "file://" + quote(os.fsencode(file))
    return uris.from_fs_path(file) or file


def _message(hint: Hint, label: str, root: str) -> str:
    if not hint.clones:
        return f"{printable(hint.location.name)} looks {printable(label)} ({_percent(hint.probability)})"
    clone, probability = hint.clones[0]
    how = "is the same as" if clone.key == hint.location.key else f"looks like a clone ({_percent(probability)}) of"
    more = f", and {hint.count - 1} more" if hint.count > 1 else ""
    return f"{printable(hint.location.name)} {how} {printable(clone.name)} in {_where(clone, root)}{more}"


def _where(location: Location, root: str) -> str:
    path = Path(location.file)
    shown = path.relative_to(root).as_posix() if root and path.is_relative_to(root) else location.file
    return f"{printable(shown)}:{location.first_line}"


def _line(location: Location) -> types.Range:
    return types.Range(types.Position(location.first_line - 1, 0), types.Position(location.first_line - 1, 0))


def _percent(probability: float) -> str:
    return f"{100 * probability:.0f} %"
