"""One file under several addresses: another version of a file is not a clone of it."""

from pathlib import Path
from urllib.parse import quote

import pytest
from lsprotocol import types
from test_editor_server import OTHER, TWIN, Editor, edit


def open_at(editor: Editor, address: str, text: str, language: str = "python") -> None:
    editor.client.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(address, language, 0, text))
    )


async def settle(editor: Editor, name: str) -> None:
    """Wait until the server has handled all earlier messages: opens a text and waits for its hints."""
    editor.open(name, OTHER)
    await editor.until(lambda: editor.shown(name) is not None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    code = tmp_path / "code"
    code.mkdir()
    (code / "twin.py").write_text(TWIN)
    return code


VERSIONS = {
    "VS Code's git": "git:{path}?%7B%22path%22%3A%22{path}%22%2C%22ref%22%3A%22HEAD%22%7D",
    "GitLens": "gitlens://7b22/{path}?ref=abc",
    "fugitive": "fugitive://{folder}/.git//0/twin.py",
    "a merge": "merge-conflict.conflict-diff:{path}?%7B%22x%22%3A1%7D",
    "the history": "vscode-local-history:{path}",
    "unsaved with a path": "untitled:{path}",
    "a notebook": "vscode-notebook-cell:{folder}/book.ipynb#W0sZmlsZQ%3D%3D",
    "jar": "jar:file://{path}!/twin.py",
    "unknown": "x-odd-scheme:{path}",
}


@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
def test_another_version_of_a_file_is_no_clone_of_it(folder: Path, clone_student: Path, version: str) -> None:
    path = quote(str(folder / "twin.py"))
    address = version.format(path=path, folder=quote(str(folder)))

    async def scenario(editor: Editor) -> None:
        editor.open("twin.py", TWIN)
        open_at(editor, address, TWIN)
        await settle(editor, "last.py")
        assert editor.shown("twin.py") == []
        assert not editor.client.diagnostics.get(address)
        editor.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(1, address),
                [types.TextDocumentContentChangeWholeDocument(TWIN + "\n")],
            )
        )
        editor.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(address)))
        editor.open("copy.py", TWIN)  # real clones are still seen, on both sides
        await editor.until(lambda: bool(editor.shown("copy.py")) and bool(editor.shown("twin.py")))
        (hint,) = editor.shown("copy.py") or []
        assert "twin.py:1" in hint.message
        assert "more" not in hint.message
        assert not editor.client.diagnostics.get(address)

    edit(clone_student, folder, scenario, {"threshold": 1.0})


def test_a_text_that_was_never_saved_gets_hints(folder: Path, clone_student: Path) -> None:
    async def scenario(editor: Editor) -> None:
        open_at(editor, "untitled:Untitled-1", TWIN)
        await editor.until(lambda: bool(editor.client.diagnostics.get("untitled:Untitled-1")))
        (hint,) = editor.client.diagnostics["untitled:Untitled-1"]
        assert "twin.py:1" in hint.message

    edit(clone_student, folder, scenario, {"threshold": 1.0})


@pytest.mark.parametrize("way", ["link to the file", "link to the folder", "localhost", "encoded"])
def test_a_file_by_another_way_is_the_same_file(folder: Path, clone_student: Path, tmp_path: Path, way: str) -> None:
    real = folder / "twin.py"
    if way == "link to the file":
        (tmp_path / "link.py").symlink_to(real)
        address = (tmp_path / "link.py").as_uri()
    elif way == "link to the folder":
        (tmp_path / "link").symlink_to(folder)
        address = (tmp_path / "link" / "twin.py").as_uri()
    else:
        address = "file://localhost" + str(real) if way == "localhost" else "file://" + str(real).replace("t", "%74")

    async def scenario(editor: Editor) -> None:
        open_at(editor, address, TWIN)
        await settle(editor, "last.py")
        assert not editor.client.diagnostics.get(address)
        open_at(editor, address.replace("twin.py", "copy.py"), TWIN)
        editor.open("copy.py", TWIN)
        await editor.until(lambda: bool(editor.shown("copy.py")))
        (hint,) = editor.shown("copy.py") or []
        assert "twin.py:1" in hint.message

    edit(clone_student, folder, scenario, {"threshold": 1.0})


def test_a_workspace_behind_a_link_is_one_workspace(folder: Path, clone_student: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)

    async def scenario(editor: Editor) -> None:
        open_at(editor, (folder / "twin.py").as_uri(), TWIN)
        editor.open("twin.py", TWIN)
        await settle(editor, "last.py")
        assert editor.shown("twin.py") == []
        assert not editor.client.diagnostics.get((folder / "twin.py").as_uri())

    edit(clone_student, tmp_path / "link", scenario, {"threshold": 1.0})
