"""The language server: handles messages of an editor and publishes hints."""

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Coroutine, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcParseError
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from avatar.code.languages import language_of_file, suffix_of_editor, suffixes
from avatar.common.errors import AvatarError
from avatar.common.logging import get_logger
from avatar.common.printable import printable
from avatar.serve.languages import language_warnings
from avatar.serve.lsp import hints
from avatar.serve.lsp.addresses import path_of, text_name
from avatar.serve.lsp.editor_settings import EditorSettings, read_settings
from avatar.serve.lsp.index import Hint
from avatar.serve.lsp.ordered_protocol import OrderedProtocol
from avatar.serve.lsp.session import Session

if TYPE_CHECKING:
    from pygls.server import ServerErrors

_log = get_logger("lsp")


class EditorServer(LanguageServer):
    """Publishes the hints of open texts when a text is opened, changed or saved, or when other files change them."""

    def __init__(self, session: Session) -> None:
        # Full: pygls splits lines as Python does (also at form feeds), but the protocol does not
        super().__init__(
            "avatar",
            version("avatar-code"),
            protocol_cls=OrderedProtocol,
            text_document_sync_kind=types.TextDocumentSyncKind.Full,
        )
        self.session = session
        self.startup_error: AvatarError | None = None
        """An error in the initial settings; shown after the editor is initialised."""
        self.ends: Callable[[], None] = session.stop
        """Called when the editor sends `exit`."""
        self._warned: set[str] = set()
        self._label = session.student.bundle.config.labels[1]
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._shown: dict[str, list[tuple[types.Diagnostic, Hint]]] = {}

    @property
    def folders(self) -> list[str]:
        """Paths of the workspace's folders."""
        addresses = [one.uri for one in self.workspace.folders.values()] or [self.workspace.root_uri or ""]
        return [path for one in addresses if (path := path_of(one))]

    def start_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` as a task. Its errors are shown to the user and stop nothing else. After the end, do nothing."""
        if self.session.stopped:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(self._with_errors_shown(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def update_soon(self, address: str, milliseconds: int) -> None:
        """Update an open text after it has not changed for `milliseconds`."""
        if timer := self._timers.pop(address, None):
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[address] = loop.call_later(milliseconds / 1000, lambda: self.start_task(self._update(address)))

    async def configure(self, settings: EditorSettings) -> None:
        """Apply new settings: empty the index, then read all folders and open texts again."""
        await self.session.restart(settings)
        for document in list(self.workspace.text_documents.values()):
            self.update_soon(document.uri, 0)
        await self.load_all()

    async def load_all(self) -> None:
        """Read all folders of the workspace."""
        for folder in self.folders:
            await self.load(folder)

    async def leave(self, folder: str) -> None:
        """Remove a folder that is no longer part of the workspace."""
        stopped = await self.session.forget(folder, self.folders)
        if stopped:
            await self.load_all()
        await self.refresh()

    async def load(self, folder: str) -> None:
        """Read a folder of the workspace, with a progress bar if the editor supports one."""
        start = time.perf_counter()
        token = None
        window = self.client_capabilities.window
        if window is not None and window.work_done_progress:
            token = f"avatar-{time.monotonic_ns()}"
            await self.work_done_progress.create_async(token)
            self.work_done_progress.begin(token, types.WorkDoneProgressBegin("Reading functions", percentage=0))

        def report_progress(done: int, total: int) -> None:
            if token is not None:
                message = f"{done} of {total} files"
                self.work_done_progress.report(
                    token, types.WorkDoneProgressReport(percentage=100 * done // total, message=message)
                )

        try:
            await self.session.load(folder, report_progress)
        finally:
            if token is not None:
                self.work_done_progress.end(token, types.WorkDoneProgressEnd())
        seconds = time.perf_counter() - start
        self.log(f"{await self.session.functions():,} functions in the index; read {folder} in {seconds:.1f} s")
        await self.refresh()

    async def refresh(self) -> None:
        """Publish the hints of open texts, if they changed."""
        documents = {one.uri: self._file(one.uri) for one in self.workspace.text_documents.values()}
        versions = {address: self._document_version(address) for address in documents}
        hints_of = await self.session.hints([file for file in documents.values() if file is not None])
        for address, file in documents.items():
            if file is None or address in self._timers or self._document_version(address) != versions[address]:
                continue  # its text changed meanwhile; it will be updated again
            with contextlib.suppress(UnicodeError):  # a name that no URI can hold must not block the others
                self._publish(address, hints_of[file])

    async def close(self, address: str) -> None:
        """Handle a text that the editor closed."""
        if timer := self._timers.pop(address, None):
            timer.cancel()
        self._shown.pop(address, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(address, []))
        file = self._file(address)
        others = [self._file(one.uri) for one in self.workspace.text_documents.values()]
        if file is not None and file not in others:
            await self.session.close(file, self.folders)
        await self.refresh()

    async def reread(self, addresses: Sequence[str]) -> None:
        """Read files again that changed on disk."""
        files = [file for one in addresses if path_of(one) and (file := self._file(one))]
        await self.session.reread(files, self.folders)
        await self.refresh()

    def actions(self, address: str, lines: types.Range) -> list[types.CodeAction]:
        """Quick fixes that open the clones of the functions in `lines`."""
        return [
            hints.action(clone, shown, self._root())
            for shown, hint in self._shown.get(address, ())
            if lines.start.line <= shown.range.start.line <= lines.end.line
            or hint.location.first_line - 1 <= lines.start.line < hint.location.last_line
            for clone, _ in hint.clones
        ]

    def log(self, message: str) -> None:
        """Write a line to the editor's log of this server."""
        self.window_log_message(types.LogMessageParams(types.MessageType.Info, printable(message, lines=True)))

    def report_server_error(self, error: Exception, source: "ServerErrors") -> None:
        """Answer content that is no JSON; show other errors in a message of the editor."""
        if source is JsonRpcException and isinstance(error, JsonRpcParseError | ValueError | RecursionError):
            cast("OrderedProtocol", self.protocol).refuse_content(error)
        else:
            super().report_server_error(error, source)

    def show_error(self, error: AvatarError) -> None:
        """Show an error that the user can fix."""
        self.window_show_message(
            types.ShowMessageParams(types.MessageType.Error, printable(f"avatar: {error}", lines=True))
        )

    async def _update(self, address: str) -> None:
        self._timers.pop(address, None)
        document, file = self._document(address), self._file(address)
        if document is None or file is None:
            return
        name = self._name(address, document.language_id)
        left_out = await self.session.update(file, name, document.source)
        if left_out:
            _log.info("%s: %s", address, left_out)
        else:
            self._warn(name)
        await self.refresh()

    def _warn(self, name: str) -> None:
        """Warn, once for each language, that the student was not trained on it."""
        for warning in language_warnings(self.session.student.bundle.config, [language_of_file(name)]):
            if warning not in self._warned:
                self._warned.add(warning)
                self.window_show_message(
                    types.ShowMessageParams(types.MessageType.Warning, printable(f"avatar: {warning}"))
                )

    async def _with_errors_shown(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except AvatarError as error:
            if not self.session.stopped:
                self.show_error(error)
        except asyncio.CancelledError:
            raise
        except Exception:  # an error in one text must not stop the server
            _log.exception("an unexpected error; this message of the editor was ignored")
            self.window_log_message(
                types.LogMessageParams(
                    types.MessageType.Error, "avatar: an unexpected error; see the server's log for details"
                )
            )

    def _publish(self, address: str, new_hints: Sequence[Hint]) -> None:
        document = self._document(address)
        if document is None:
            return
        lines = re.split("\r\n?|\n", document.source)
        shown = [
            (hints.diagnostic(hint, self._label, lines, document.position_codec, self._root()), hint)
            for hint in new_hints
        ]
        if [one for one, _ in shown] == [one for one, _ in self._shown.get(address, ())] and address in self._shown:
            self._shown[address] = shown
            return
        self._shown[address] = shown
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(address, [one for one, _ in shown], version=document.version)
        )

    def _document_version(self, address: str) -> int | None:
        document = self._document(address)
        return None if document is None else document.version

    def _document(self, address: str) -> TextDocument | None:
        return self.workspace.text_documents.get(unquote(address))  # pygls stores addresses unquoted

    def _file(self, address: str) -> str | None:
        return text_name(address, self.folders)

    def _name(self, address: str, language: str | None) -> str:
        if language_of_file(address):
            return address
        return "text" + suffix_of_editor(language or "")  # it was never saved

    def _root(self) -> str:
        return self.folders[0] if self.folders else ""


def make_server(session: Session) -> EditorServer:
    """A server with all its handlers, not yet started."""
    server = EditorServer(session)

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        try:
            session.settings = session.initial = read_settings(params.initialization_options)
        except AvatarError as error:
            server.startup_error = error

    @server.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        server.start_task(_start(server))

    @server.feature(types.EXIT)
    def ended(*_: object) -> None:
        server.ends()

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        server.update_soon(params.text_document.uri, 0)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.update_soon(params.text_document.uri, session.settings.debounce_ms)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.update_soon(params.text_document.uri, 0)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        server.start_task(server.close(params.text_document.uri))

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def changed_on_disk(params: types.DidChangeWatchedFilesParams) -> None:
        server.start_task(server.reread([change.uri for change in params.changes]))

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def changed_folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        for removed_folder in params.event.removed:
            if path := path_of(removed_folder.uri):
                server.start_task(server.leave(path))
        for added_folder in params.event.added:
            if path := path_of(added_folder.uri):
                server.start_task(server.load(path))

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configured(params: types.DidChangeConfigurationParams) -> None:
        server.start_task(_configure(server, params.settings))

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    def actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return server.actions(params.text_document.uri, params.range)

    @server.command(hints.SHOW_TWIN)
    async def show_twin(address: str, line: int) -> None:
        position = types.Position(max(0, line - 1), 0)
        window = server.client_capabilities.window
        if window is None or window.show_document is None or not window.show_document.support:
            message = types.ShowMessageParams(types.MessageType.Info, f"{address}, line {line}")
            server.window_show_message(message)
            return
        await server.window_show_document_async(
            types.ShowDocumentParams(address, take_focus=True, selection=types.Range(position, position))
        )

    return server


async def _start(server: EditorServer) -> None:
    if server.startup_error is not None:
        server.show_error(server.startup_error)
    watched = server.client_capabilities.workspace and server.client_capabilities.workspace.did_change_watched_files
    if watched and watched.dynamic_registration:
        patterns = [types.FileSystemWatcher(f"**/*{suffix}") for suffix in sorted(suffixes())]
        patterns.append(types.FileSystemWatcher("**/*", kind=types.WatchKind.Delete))  # deleted folders too
        options = types.DidChangeWatchedFilesRegistrationOptions(patterns)
        await server.client_register_capability_async(
            types.RegistrationParams(
                [types.Registration("avatar-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)]
            )
        )
    await server.load_all()


async def _configure(server: EditorServer, sent: object) -> None:
    settings = read_settings(sent, server.session.initial)
    if settings != server.session.settings:
        await server.configure(settings)
