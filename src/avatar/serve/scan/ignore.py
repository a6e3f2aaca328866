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
        self._rules: dict[str, tuple[tuple[int, GitIgnoreSpec], ...]] = {}
        above = [one for one in (folder, *folder.parents) if one != self.top and one.is_relative_to(self.top)]
        if any(self(one, is_folder=True) for one in above):
            self.top = folder
            self._rules.clear()

    def __call__(self, path: Path, is_folder: bool = False) -> bool:
        """Whether git would ignore `path`, a path below `top`. The caller must check the parent folders."""
        rules = self._rules_of(path.parent)
        if rules:
            text = path.as_posix() + ("/" if is_folder else "")
            for start, spec in rules:
                verdict = spec.check_file(text[start:]).include
                if verdict is not None:
                    return verdict
        return False

    def _rules_of(self, folder: Path) -> tuple[tuple[int, GitIgnoreSpec], ...]:
        """The rules of `folder` and of the folders above it, the deepest first.

        Each has the number of characters that lead to its folder, as the paths below it begin.
        """
        unknown = []
        while (rules := self._rules.get(str(folder))) is None:
            unknown.append(folder)
            if folder in (self.top, folder.parent):
                rules = ()
                break
            folder = folder.parent
        for one in reversed(unknown):
            spec = self._spec(one)
            if spec is not None:
                below = len((one / "x").as_posix()) - 1
                rules = ((below, spec), *rules)
            self._rules[str(one)] = rules
        return rules

    def _spec(self, folder: Path) -> GitIgnoreSpec | None:
        names = [".gitignore"] if folder != self.top else [".git/info/exclude", ".gitignore"]
        lines = [line for name in names for line in _lines(folder / name)]
        return GitIgnoreSpec.from_lines(lines) if lines else None


def _lines(path: Path) -> list[str]:
    try:
        content = read_regular(path, MAX_BYTES + 1)
    except OSError:
        return []
    return content.decode("utf-8", "replace").splitlines() if len(content) <= MAX_BYTES else []
