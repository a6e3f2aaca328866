"""Which files git would ignore."""

from pathlib import Path

from pathspec import GitIgnoreSpec

from avatar.common.regular_files import read_regular
from avatar.serve.scan.repository import repository_root

MAX_BYTES = 1_000_000
"""A longer .gitignore is not read."""


class Ignored:
    """The rules of all .gitignore files from the top of the repository down; the deepest file decides.

    `top` is the repository's folder, or the scanned folder without a repository. A scanned folder that git ignores has
    only the rules inside it: what the user names is scanned. Each folder's rules are read once.
    """

    def __init__(self, folder: Path) -> None:
        self.top = repository_root(folder) or folder
        self._specs: dict[Path, GitIgnoreSpec | None] = {}
        above = [one for one in (folder, *folder.parents) if one != self.top and one.is_relative_to(self.top)]
        if any(self(one, is_folder=True) for one in above):
            self.top = folder
            self._specs.clear()

    def __call__(self, path: Path, is_folder: bool = False) -> bool:
        """Whether git would ignore `path`, a path below `top`. The caller must check the parent folders."""
        for folder in path.parents:
            spec = self._spec(folder)
            if spec is not None:
                relative = path.relative_to(folder).as_posix() + ("/" if is_folder else "")
                verdict = spec.check_file(relative).include
                if verdict is not None:
                    return verdict
            if folder == self.top:
                break
        return False

    def _spec(self, folder: Path) -> GitIgnoreSpec | None:
        if folder not in self._specs:
            names = [".gitignore"] if folder != self.top else [".git/info/exclude", ".gitignore"]
            lines = [line for name in names for line in _lines(folder / name)]
            self._specs[folder] = GitIgnoreSpec.from_lines(lines) if lines else None
        return self._specs[folder]


def _lines(path: Path) -> list[str]:
    try:
        content = read_regular(path, MAX_BYTES + 1)
    except OSError:
        return []
    return content.decode("utf-8", "replace").splitlines() if len(content) <= MAX_BYTES else []
