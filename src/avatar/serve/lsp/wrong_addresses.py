"""Addresses (URI) in the messages of an editor that no file can have: they are taken out, or the message is refused."""

from collections.abc import Iterator
from typing import Any

import attrs
from lsprotocol import types

from avatar.serve.lsp.addresses import problem

ADDRESSES = frozenset({"uri", "root_uri", "root_path", "document"})
"""Names of the values that are addresses, or paths, in the messages of `lsprotocol`."""


def take_out(params: Any) -> list[str]:
    """Remove what is named by a wrong address, where the message has a sense without it; a line for each.

    These are the folders of a workspace, and files that changed on disk.
    """
    removed: list[str] = []
    if isinstance(params, types.InitializeParams):
        for name in ("root_path", "root_uri"):
            if line := wrong_address(getattr(params, name)):
                removed.append(line)
                setattr(params, name, None)
        params.workspace_folders = _right(params.workspace_folders or (), removed)
    elif isinstance(params, types.DidChangeWorkspaceFoldersParams):
        params.event.added = _right(params.event.added, removed)
        params.event.removed = _right(params.event.removed, removed)
    elif isinstance(params, types.DidChangeWatchedFilesParams):
        params.changes = _right(params.changes, removed)
    return removed


def first_wrong(params: Any) -> str:
    """A line about the first wrong address anywhere in the values of a message, or ""."""
    if isinstance(params, types.ExecuteCommandParams):  # texts that our commands get are addresses
        return next((line for one in params.arguments or () if (line := wrong_address(one))), "")
    return next((line for one in _addresses(params) if (line := wrong_address(one))), "")


def wrong_address(address: object) -> str:
    """A line about an address that has a `problem`, or ""."""
    reason = problem(address) if isinstance(address, str) else ""
    return f"ignored the address {address!r}: {reason}" if reason else ""


def _right(given: Any, removed: list[str]) -> list[Any]:
    removed += [line for one in given if (line := wrong_address(one.uri))]
    return [one for one in given if not wrong_address(one.uri)]


def _addresses(value: Any) -> Iterator[str]:
    if isinstance(value, list | tuple):
        for one in value:
            yield from _addresses(one)
    elif attrs.has(type(value)):
        for name in (field.name for field in attrs.fields(type(value))):
            inner = getattr(value, name)
            if name in ADDRESSES and isinstance(inner, str):
                yield inner
            else:
                yield from _addresses(inner)
