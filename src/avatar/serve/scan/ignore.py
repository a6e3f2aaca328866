"""Which files git would ignore."""

from pathlib import Path

from pathspec import GitIgnoreSpec

from avatar.common.regular_files import read_regular
from avatar.serve.scan.repository import repository_root

MAX_BYTES = 1_000_000
"""A longer .gitignore is not read."""

_Rules = tuple[tuple[Path, GitIgnoreSpec], ...]
"""Folders with rules, the deepest first."""


class Ignored:
    """The rules of all .gitignore files from the top of the repository down; the deepest file decides.

    `top` is the repository's folder, or the scanned folder without a repository. A scanned folder that git ignores has
    only the rules inside it: what the user names is scanned. Each folder's rules are read once.
    """

    def __init__(self, folder: Path) -> None:
        self.top = repository_root(folder) or folder
        self._rules: dict[Path, _Rules] = {}
        above = [one for one in (folder, *folder.parents) if one != self.top and one.is_relative_to(self.top)]
        if any(self(one, is_folder=True) for one in above):
            self.top = folder
            self._rules.clear()

    def __call__(self, path: Path, is_folder: bool = False) -> bool:
        """Whether git would ignore `path`, a path below `top`. The caller must check the parent folders."""
        for folder, spec in self._rules_for(path.parent):
            relative = path.relative_to(folder).as_posix() + ("/" if is_folder else "")
            verdict = spec.check_file(relative).include
            if verdict is not None:
                return verdict
        return False

    def _rules_for(self, folder: Path) -> "_Rules":
        """The folders with rules from `folder` up to `top`. Those of its parent are known if it was asked before."""
        unknown = []
        while folder not in self._rules:
            unknown.append(folder)
            if folder == self.top or folder == folder.parent:
                break
            folder = folder.parent
        for one in reversed(unknown):
            names = [".gitignore"] if one != self.top else [".git/info/exclude", ".gitignore"]
            lines = [line for name in names for line in _lines(one / name)]
            above = self._rules[one.parent] if one != self.top and one.parent in self._rules else ()
            self._rules[one] = (*([(one, GitIgnoreSpec.from_lines(lines))] if lines else []), *above)
        return self._rules[unknown[0] if unknown else folder]


def _lines(path: Path) -> list[str]:
    try:
        content = read_regular(path, MAX_BYTES + 1)
    except OSError:
        return []
    return content.decode("utf-8", "replace").splitlines() if len(content) <= MAX_BYTES else []
