"""The editor server driven by a real client over its standard input and output."""

import ast
import asyncio
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.uris import from_fs_path, to_fs_path
from pytest_lsp import LanguageClient, make_test_lsp_client

from students import TEXTS

FUNCTIONS = [text for text in TEXTS if 8 < text.count("\n") < 40 and not text.startswith(" ")]
TWIN = FUNCTIONS[0]
OTHER = """\
def other(a, b):
    c = a * b
    d = a + b
    e = a - b
    if c > d and b > 0:
        e = e * c - d / b
    return (c, d, e, a / b, b / a)
"""
SECONDS = 20


class Editor:
    """One editor with one folder open."""

    def __init__(self, client: LanguageClient, folder: Path) -> None:
        self.client, self.folder = client, folder
        self._version = 0
        self._texts: dict[str, str] = {}

    def uri(self, name: str) -> str:
        return from_fs_path(str(self.folder / name)) or ""

    def open(self, name: str, text: str) -> None:
        self._texts[name] = text
        item = types.TextDocumentItem(self.uri(name), "python", 0, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, name: str, text: str) -> None:
        self._version += 1
        self._texts[name] = text
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self._version, self.uri(name)),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def insert(self, name: str, line: int, text: str) -> None:
        """Type `text` at the start of a line."""
        lines = self._texts[name].split("\n")
        self.change(name, "\n".join([*lines[:line], text + "\n".join(lines[line:])]))

    def close(self, name: str) -> None:
        self.client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(self.uri(name)))
        )

    def shown(self, name: str) -> list[types.Diagnostic] | None:
        result = self.client.diagnostics.get(self.uri(name))
        return None if result is None else list(result)

    async def until(self, check: Callable[[], bool]) -> None:
        """Wait until the condition is true; fail after the time limit."""
        async with asyncio.timeout(SECONDS):
            while not check():
                await asyncio.sleep(0.005)

    async def loaded(self) -> None:
        await self.until(lambda: any("functions in the index" in one.message for one in self.client.log_messages))


def edit(
    bundle: Path, folder: Path, scenario: Callable[[Editor], Awaitable[None]], options: dict[str, Any] | None = None
) -> Editor:
    """Run a scenario with an editor on `folder`, and check that the server stops without an error."""

    async def run() -> Editor:
        client = make_test_lsp_client()
        await client.start_io(sys.executable, "-m", "avatar.serve.cli", "lsp", "--bundle", str(bundle), env=os.environ)
        editor = Editor(client, folder)
        await client.initialize_session(
            types.InitializeParams(
                capabilities=types.ClientCapabilities(
                    window=types.WindowClientCapabilities(
                        work_done_progress=True, show_document=types.ShowDocumentClientCapabilities(support=True)
                    )
                ),
                workspace_folders=[types.WorkspaceFolder(editor.uri("."), "code")],
                initialization_options=options,
            )
        )
        await editor.loaded()
        await scenario(editor)
        await client.shutdown_session()
        return editor

    return asyncio.run(run())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    code = tmp_path / "code"
    (code / "sub").mkdir(parents=True)
    (code / "twin.py").write_text(TWIN)
    (code / "sub" / "more.py").write_text("\n".join(FUNCTIONS[1:4]))
    (code / "node_modules").mkdir()
    (code / "node_modules" / "foreign.py").write_text(TWIN)
    return code


def test_open_edit_save_close(folder: Path, clone_student: Path) -> None:
    async def scenario(editor: Editor) -> None:
        editor.open("new.py", OTHER)
        await editor.until(lambda: editor.shown("new.py") == [])
        editor.change("new.py", OTHER + "\n\n" + TWIN)
        await editor.until(lambda: bool(editor.shown("new.py")))
        (hint,) = editor.shown("new.py") or []
        first = (OTHER + "\n\n" + TWIN).split("\n").index(TWIN.split("\n")[0])
        assert hint.range.start.line == hint.range.end.line == first
        assert (hint.range.start.character, hint.range.end.character) == (0, len(TWIN.split("\n")[0]))
        assert "twin.py:1" in hint.message
        assert "foreign" not in hint.message
        assert hint.severity == types.DiagnosticSeverity.Information
        (related,) = hint.related_information or []
        assert related.location.uri == editor.uri("twin.py")
        # two more lines above: the hint moves down
        editor.insert("new.py", 0, "# a\n# ä𝔘\n")
        await editor.until(lambda: [one.range.start.line for one in editor.shown("new.py") or []] == [first + 2])
        # the function is split up: it is no longer a clone
        editor.insert("new.py", first + 3, "    return 1\n    x = [3, 4, 5, 6, 7, 8]\n")
        await editor.until(lambda: editor.shown("new.py") == [])
        editor.change("new.py", TWIN)
        await editor.until(lambda: bool(editor.shown("new.py")))
        editor.client.text_document_did_save(
            types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(editor.uri("new.py")))
        )
        editor.close("new.py")
        await editor.until(lambda: editor.shown("new.py") == [])

    edit(clone_student, folder, scenario, {"threshold": 1.0})


@pytest.mark.parametrize("name", ["a b", "c#", "50%25", "ä?", "+"])
def test_odd_names_of_folders(tmp_path: Path, clone_student: Path, name: str) -> None:
    odd = tmp_path / name
    odd.mkdir()
    (odd / "twin.py").write_text(TWIN)

    async def scenario(editor: Editor) -> None:
        editor.open("new one.py", "x = 1\n\x0c\ny = 2\n" + TWIN)
        await editor.until(lambda: bool(editor.shown("new one.py")))
        (hint,) = editor.shown("new one.py") or []
        assert hint.range.start.line == 3
        assert hint.range.end.character == len(TWIN.split("\n")[0])
        (related,) = hint.related_information or []
        assert to_fs_path(related.location.uri) == str(odd / "twin.py")

    edit(clone_student, odd, scenario, {"threshold": 1.0})


def test_folders_come_and_go(folder: Path, clone_student: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "copy.py").write_text(OTHER)

    async def scenario(editor: Editor) -> None:
        editor.open("new.py", OTHER)
        await editor.until(lambda: editor.shown("new.py") == [])
        other = types.WorkspaceFolder(from_fs_path(str(tmp_path / "other")) or "", "other")
        for added, removed, expected in (([other], [], True), ([], [other], False)):
            change = types.WorkspaceFoldersChangeEvent(added, removed)
            editor.client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(change))
            await editor.until(lambda expected=expected: bool(editor.shown("new.py")) == expected)
        editor.change("new.py", TWIN)
        await editor.until(lambda: bool(editor.shown("new.py")))
        shutil.rmtree(folder)
        event = types.FileEvent(from_fs_path(str(folder)) or "", types.FileChangeType.Deleted)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        await editor.until(lambda: editor.shown("new.py") == [])

    edit(clone_student, folder, scenario, {"threshold": 1.0})


def test_the_twin_changes(folder: Path, clone_student: Path) -> None:
    async def scenario(editor: Editor) -> None:
        editor.open("new.py", TWIN)
        await editor.until(lambda: bool(editor.shown("new.py")))
        editor.open("twin.py", TWIN)
        await editor.until(lambda: bool(editor.shown("twin.py")))
        editor.change("twin.py", OTHER)
        await editor.until(lambda: editor.shown("new.py") == [] and editor.shown("twin.py") == [])
        editor.close("twin.py")  # it was not saved: the file on disk counts
        await editor.until(lambda: bool(editor.shown("new.py")))
        (folder / "twin.py").write_text(OTHER)
        event = types.FileEvent(editor.uri("twin.py"), types.FileChangeType.Changed)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        await editor.until(lambda: editor.shown("new.py") == [])
        (folder / "node_modules" / "again.py").write_text(TWIN)
        (folder / "again.py").write_text(TWIN)
        events = [
            types.FileEvent(editor.uri(name), types.FileChangeType.Created)
            for name in ("node_modules/again.py", "again.py", "gone.py")
        ]
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(events))
        await editor.until(lambda: bool(editor.shown("new.py")))
        (hint,) = editor.shown("new.py") or []
        assert len(hint.related_information or []) == 1
        (folder / "again.py").unlink()
        event = types.FileEvent(editor.uri("again.py"), types.FileChangeType.Deleted)
        editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        await editor.until(lambda: editor.shown("new.py") == [])

    edit(clone_student, folder, scenario, {"threshold": 1.0})


def test_an_action_jumps_to_the_twin(folder: Path, clone_student: Path) -> None:
    async def scenario(editor: Editor) -> None:
        editor.open("new.py", "\n\n" + TWIN)
        await editor.until(lambda: bool(editor.shown("new.py")))
        inside = types.Position(4, 2)
        actions = await editor.client.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(editor.uri("new.py")),
                types.Range(inside, inside),
                types.CodeActionContext([]),
            )
        )
        assert actions is not None
        (action,) = actions
        assert "twin.py:1" in action.title
        # lsprotocol 2025.0.0 takes every code action for a bare command, and makes a text of the command inside
        command = ast.literal_eval(str(action.command))
        await editor.client.workspace_execute_command_async(
            types.ExecuteCommandParams(command["command"], command["arguments"])
        )
        (shown,) = editor.client.shown_documents
        assert shown.uri == editor.uri("twin.py")
        assert shown.selection is not None
        assert shown.selection.start.line == 0
        nowhere = types.Range(types.Position(0, 0), types.Position(0, 0))
        none = await editor.client.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(editor.uri("new.py")), nowhere, types.CodeActionContext([])
            )
        )
        assert not none

    edit(clone_student, folder, scenario, {"threshold": 1.0})


def test_settings_change_while_it_runs(folder: Path, clone_student: Path) -> None:
    async def scenario(editor: Editor) -> None:
        editor.open("new.py", TWIN)
        await editor.until(lambda: bool(editor.shown("new.py")))
        client = editor.client
        client.workspace_did_change_configuration(
            types.DidChangeConfigurationParams({"avatar": {"threshold": 1.0, "minLines": 500}})
        )
        await editor.until(lambda: editor.shown("new.py") == [])
        client.workspace_did_change_configuration(types.DidChangeConfigurationParams({"avatar": {"treshold": 1}}))
        await editor.until(lambda: any("did you mean 'threshold'" in one.message for one in client.messages))

    edit(clone_student, folder, scenario, {"threshold": 1.0})


def test_wrong_settings_at_the_start_are_told(folder: Path, clone_student: Path) -> None:
    async def scenario(editor: Editor) -> None:
        await editor.until(lambda: any("give a probability" in one.message for one in editor.client.messages))

    edit(clone_student, folder, scenario, {"threshold": 95})


def test_suspicious_functions_are_warnings(folder: Path, fault_student: Path) -> None:
    async def scenario(editor: Editor) -> None:
        editor.open("new.py", TWIN)
        await editor.until(lambda: bool(editor.shown("new.py")))
        (hint,) = editor.shown("new.py") or []
        assert hint.severity == types.DiagnosticSeverity.Warning
        assert "looks vulnerable" in hint.message

    edit(fault_student, folder, scenario, {"threshold": 0.0})


def test_garbage_and_huge_texts_leave_it_running(folder: Path, clone_student: Path) -> None:
    async def scenario(editor: Editor) -> None:
        process = editor.client._server
        assert process is not None
        assert process.stdin is not None
        for garbage in (
            b"{{{{{",
            b"[]",
            b"null",
            b"\xff\xfe\xfd",
            b'{"jsonrpc":"2.0","method":"no/such/one"}',
            b'{"jsonrpc":"2.0","id":1,"method":"textDocument/codeAction","params":{"textDocument":7}}',
            b'{"jsonrpc":"2.0","method":"textDocument/didOpen","params":[]}',
        ):
            process.stdin.write(b"no header at all\r\nContent-Length: %d\r\n\r\n%s" % (len(garbage), garbage))
        process.stdin.write(b"Content-Length: 70000000\r\n\r\n" + b"x" * 70_000_000)
        await process.stdin.drain()
        editor.change("never_opened.py", "x")
        editor.close("never_opened.py")
        editor.open("huge.py", "x = 1\n" * 900_000)
        editor.insert("huge.py", 5, "y")
        editor.open("wild.py", "def f(:\n  ((((\n\x00\ud7ff class" * 50)
        editor.open("new.py", TWIN)
        await editor.until(lambda: bool(editor.shown("new.py")))
        assert not editor.shown("huge.py")

    edit(clone_student, folder, scenario, {"threshold": 1.0})


def test_two_hundred_quick_edits(folder: Path, clone_student: Path) -> None:
    """After many edits, the hints are those of the last text."""

    async def scenario(editor: Editor) -> None:
        editor.open("new.py", TWIN)
        lines = TWIN.count("\n")
        for number in range(200):
            editor.insert("new.py", lines, f"# {number}\n" if number % 2 else "def g(x): return x\n")
            if number % 20 == 0:
                await asyncio.sleep(0.05)
        editor.insert("new.py", 0, "\n\n\n")
        await editor.until(lambda: [one.range.start.line for one in editor.shown("new.py") or []] == [3])

    edit(clone_student, folder, scenario, {"threshold": 1.0})
