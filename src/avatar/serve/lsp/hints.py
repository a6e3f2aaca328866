"""What an editor shows of a hint."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from lsprotocol import types
from pygls import uris
from pygls.workspace import PositionCodec

from avatar.serve.lsp.index import Hint
from avatar.serve.scan.findings import Location

SOURCE = "avatar"
SHOW_TWIN = "avatar.showTwin"
"""The command that takes the reader to a clone: the address of its file, and its first line from 1 on."""

LONGEST_LINE = 300


def diagnostic(hint: Hint, label: str, lines: Sequence[str], codec: PositionCodec, root: str) -> types.Diagnostic:
    """A hint at the first line of its function, in a text of these `lines`; `label` is what the student looks for."""
    place = hint.place
    row = min(place.first_line - 1, max(0, len(lines) - 1))
    text = (lines[row] if lines else "").rstrip()[:LONGEST_LINE]
    start = codec.client_num_units(text[: len(text) - len(text.lstrip())])
    end = codec.client_num_units(text)
    return types.Diagnostic(
        range=types.Range(types.Position(row, start), types.Position(row, max(start, end))),
        message=_message(hint, label, root),
        severity=types.DiagnosticSeverity.Information if hint.twins else types.DiagnosticSeverity.Warning,
        source=SOURCE,
        code=label,
        related_information=[
            types.DiagnosticRelatedInformation(
                types.Location(address(twin.file), _line(twin)), f"{twin.name}, {_percent(chance)}"
            )
            for twin, chance in hint.twins
        ]
        or None,
    )


def action(twin: Location, shown: types.Diagnostic, root: str) -> types.CodeAction:
    """The offer to jump to a clone."""
    title = f"Go to {twin.name} ({_where(twin, root)})"
    return types.CodeAction(
        title=title,
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[shown],
        command=types.Command(title, SHOW_TWIN, arguments=[address(twin.file), twin.first_line]),
    )


def address(file: str) -> str:
    """The URI of a file, which may be one already (of a text that was never saved)."""
    if not os.path.isabs(file):  # noqa: PTH117 - not always a path
        return file
    if os.sep == "/":  # a name that is not UTF-8 has an address too
        return "file://" + quote(os.fsencode(file))
    return uris.from_fs_path(file) or file


def _message(hint: Hint, label: str, root: str) -> str:
    if not hint.twins:
        return f"{hint.place.name} looks {label} ({_percent(hint.probability)})"
    twin, chance = hint.twins[0]
    how = "is the same as" if twin.key == hint.place.key else f"looks like a clone ({_percent(chance)}) of"
    more = f", and {hint.count - 1} more" if hint.count > 1 else ""
    return f"{hint.place.name} {how} {twin.name} in {_where(twin, root)}{more}"


def _where(place: Location, root: str) -> str:
    path = Path(place.file)
    shown = path.relative_to(root).as_posix() if root and path.is_relative_to(root) else place.file
    return f"{shown}:{place.first_line}"


def _line(place: Location) -> types.Range:
    return types.Range(types.Position(place.first_line - 1, 0), types.Position(place.first_line - 1, 0))


def _percent(chance: float) -> str:
    return f"{100 * chance:.0f} %"
