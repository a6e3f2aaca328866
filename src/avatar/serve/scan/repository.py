"""The git repository around a folder, read so that only its history counts.

No setting or variable of the user, and no attribute, filter, driver or hook of the repository, changes what is read or
is run, and nothing is fetched. So only git's plumbing is asked, and files are compared here and not by git.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from hashlib import sha1, sha256
from pathlib import Path

from avatar.common.errors import AvatarError, DataError

SECONDS = 120
"""Longest that one answer of git may take."""
BLOBS = 200
"""Old texts that are asked for at a time."""
HINT = "--since needs a git repository and a revision of it, such as HEAD~1 or origin/main"


def repository_root(path: Path) -> Path | None:
    """The nearest folder at or above `path` that holds a git repository; None where there is none."""
    return next((folder for folder in (path, *path.parents) if is_repository(folder)), None)


def is_repository(folder: Path) -> bool:
    """Whether a folder is the top of a repository: `.git` is one, or is a file that names one (linked trees)."""
    return (folder / ".git").is_file() or os.path.lexists(folder / ".git" / "HEAD")


def blob_id(content: bytes, like: str) -> str:
    """What git would call a file of this content; `like` is another id, whose length tells the kind of digest."""
    digest = sha1(usedforsecurity=False) if len(like) == 40 else sha256()
    digest.update(b"blob %d\x00" % len(content))
    digest.update(content)
    return digest.hexdigest()


class Repository:
    """The repository whose working tree has its top at `root`. What git cannot answer is a DataError."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def merge_base(self, revision: str) -> str:
        """The commit at which the checked-out history and `revision` parted; `revision` itself where it is part of it.

        An unknown revision, and two histories that have no commit in common, are errors that say so.
        """
        commit = self._commit(revision)
        code, answer, _ = self._git("merge-base", "HEAD", commit)
        if code:
            raise DataError(
                f"HEAD and '{revision}' have no commit in common, as far as this clone goes back",
                "fetch more of the history: `git fetch --unshallow`, or fetch-depth: 0 in the checkout of a CI job",
            )
        return answer.decode().split()[0]

    def files(self, commit: str, below: bytes = b"") -> dict[bytes, str]:
        """Blob ids of all files of a commit by name (from the root, with "/"), of the folder `below` alone if given."""
        names = [below + b"/"] if below else []
        answer = self._checked("ls-tree", "-r", "-z", "--full-tree", commit, "--", *names)
        found = {}
        for entry in filter(None, answer.split(b"\x00")):
            facts, _, name = entry.partition(b"\t")
            _, kind, identity = facts.split()
            if kind == b"blob":
                found[name] = identity.decode()
        return found

    def contents(self, identities: Sequence[str], most_bytes: int) -> Iterator[tuple[str, bytes | None]]:
        """Each blob's id and content, in order; None for one of more than `most_bytes`."""
        for start in range(0, len(identities), BLOBS):
            part = identities[start : start + BLOBS]
            sizes = [int(line.split()[2]) for line in self._batch("--batch-check", part).splitlines()]
            small = [identity for identity, size in zip(part, sizes, strict=True) if size <= most_bytes]
            answer = self._batch("--batch", small) if small else b""
            at = 0
            for identity, size in zip(part, sizes, strict=True):
                if size > most_bytes:
                    yield identity, None
                    continue
                at = answer.index(b"\n", at) + 1  # after the line with id, kind and size
                yield identity, answer[at : at + size]
                at += size + 1

    def _commit(self, revision: str) -> str:
        code, answer, _ = 1, b"", b""
        if not revision.startswith("-"):
            code, answer, _ = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
        if code:
            raise DataError(f"git knows no revision '{revision}'", HINT)
        return answer.decode().strip()

    def _batch(self, how: str, identities: Sequence[str]) -> bytes:
        code, answer, said = self._git("cat-file", how, given="\n".join(identities).encode() + b"\n")
        if code or (how == "--batch-check" and any(line.endswith(b" missing") for line in answer.splitlines())):
            raise DataError(
                f"the repository at {self.root} lacks the old text of changed files, as a partial clone does"
                + (f" (git: {_first_line(said)})" if said.strip() else ""),
                "fetch it once with `git diff REVISION`, or clone without --filter; --since itself fetches nothing",
            )
        return answer

    def _checked(self, *arguments: str | bytes) -> bytes:
        code, answer, said = self._git(*arguments)
        if code:
            raise DataError(_first_line(said) or "git failed", HINT)
        return answer

    def _git(self, *arguments: str | bytes, given: bytes = b"") -> tuple[int, bytes, bytes]:
        """Exit status, output and complaint of one command."""
        # a repository that is named is not asked for its owner, as one that git finds would be (safe.directory)
        command = ["git", "--no-optional-locks", f"--git-dir={self.root / '.git'}", *arguments]
        try:
            answer = subprocess.run(
                command,
                cwd=self.root,
                env=_environment(),
                input=given,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except FileNotFoundError as error:
            raise DataError(
                "--since needs git, which is not installed", "install git, or scan without --since"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise AvatarError(f"git took longer than {SECONDS} s", "scan without --since") from error
        return answer.returncode, answer.stdout, answer.stderr


def _environment() -> dict[str, str]:
    """The process's environment without what git reads: its variables, and the places of the user's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    for name in ("HOME", "XDG_CONFIG_HOME"):
        kept.pop(name, None)
    return kept | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _first_line(said: bytes) -> str:
    return said.decode("utf-8", "replace").strip().partition("\n")[0]
