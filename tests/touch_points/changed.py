"""Which files of a scratch copy differ from the project's."""

from pathlib import Path

from conftest import PROJECT, Scratch

MOST = 4
"""Files that adding one thing of a kind may touch."""


def changed(scratch: Scratch) -> set[str]:
    """Paths of new and altered files below src/ and conf/."""
    names = (path.relative_to(scratch.root) for top in ("src", "conf") for path in _files(scratch.root / top))
    return {str(name) for name in names if _content(PROJECT / name) != _content(scratch.root / name)}


def check_run(scratch: Scratch, program: str, *arguments: str) -> None:
    """Run `program` on the copy's code; the helpers of tests/ can be imported there."""
    start = (
        "import sys, avatar; from pathlib import Path\n"
        f"assert Path(avatar.__file__).is_relative_to({str(scratch.root)!r}), avatar.__file__\n"
        f"sys.path.insert(0, {str(PROJECT / 'tests')!r})\n"
    )
    result = scratch.run("-c", start + program, *arguments)
    assert result.returncode == 0, result.stdout + result.stderr


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
