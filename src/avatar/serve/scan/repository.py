"""Reads the git repository around a folder, independent of any git setting.

The user's settings and variables, and the repository's attributes, filters, drivers and hooks, change nothing and run
nothing; nothing is fetched. So this uses only git's plumbing commands, and compares files itself.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha1, sha256
from pathlib import Path

from avatar.common.errors import AvatarError, DataError
from avatar.common.regular_files import NotRegularError, require_regular

SECONDS = 120
"""Time limit of one git command."""
BLOBS = 200
"""Old files that are read with one git command."""
_FILES = ("HEAD", "config", "packed-refs", "shallow", "commondir", "objects/info/alternates", "info/grafts")
"""Files that git reads. It would wait for ever at a named pipe."""
HINT = "--since needs a git repository and a revision of it, such as HEAD~1 or origin/main"


def repository_root(path: Path) -> Path | None:
    """The nearest folder at or above `path` that is the top of a git repository; None if there is none."""
    return next((folder for folder in (path, *path.parents) if is_repository(folder)), None)


def is_repository(folder: Path) -> bool:
    """Whether a folder is the top of a repository: `.git` is a repository, or a file that points to one (worktrees)."""
    return (folder / ".git").is_file() or os.path.lexists(folder / ".git" / "HEAD")


def blob_id(content: bytes, like: str) -> str:
    """Git's blob id of this content. The length of `like`, another id, selects SHA-1 or SHA-256."""
    digest = sha1(usedforsecurity=False) if len(like) == 40 else sha256()
    digest.update(b"blob %d\x00" % len(content))
    digest.update(content)
    return digest.hexdigest()


class Repository:
    """The repository whose working tree has its top at `root`. A git command that fails is a DataError."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def merge_base(self, revision: str) -> str:
        """The last common commit of HEAD and `revision`; `revision` itself if HEAD contains it.

        An unknown revision, and two histories without a common commit, are a DataError.
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
        """Blob ids of a commit's files by path (from the root, with "/"); only of the folder `below` if given."""
        names = [below + b"/"] if below else []
        answer = self._checked("ls-tree", "-r", "-z", "--full-tree", commit, "--", *names)
        blobs = {}
        for entry in filter(None, answer.split(b"\x00")):
            header, _, name = entry.partition(b"\t")
            _, kind, identity = header.split()
            if kind == b"blob":
                blobs[name] = identity.decode()
        return blobs

    def contents(self, identities: Sequence[str], most_bytes: int) -> Iterator[tuple[str, bytes | None]]:
        """Each blob's id and content, in order; None for one of more than `most_bytes`."""
        for start in range(0, len(identities), BLOBS):
            part = identities[start : start + BLOBS]
            sizes = [int(line.split()[2]) for line in self._batch("--batch-check", part).splitlines()]
            small = [identity for identity, size in zip(part, sizes, strict=True) if size <= most_bytes]
            answer = self._batch("--batch", small) if small else b""
            offset = 0
            for identity, size in zip(part, sizes, strict=True):
                if size > most_bytes:
                    yield identity, None
                    continue
                offset = answer.index(b"\n", offset) + 1  # after the line with id, kind and size
                yield identity, answer[offset : offset + size]
                offset += size + 1

    def _commit(self, revision: str) -> str:
        code, answer, _ = 1, b"", b""
        if not revision.startswith("-"):
            code, answer, _ = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
        if code:
            raise DataError(f"there is no git revision '{revision}'", HINT)
        return answer.decode().strip()

    def _batch(self, how: str, identities: Sequence[str]) -> bytes:
        code, answer, errors = self._git("cat-file", how, stdin="\n".join(identities).encode() + b"\n")
        if code or (how == "--batch-check" and any(line.endswith(b" missing") for line in answer.splitlines())):
            raise DataError(
                f"the repository at {self.root} lacks the old text of changed files, as a partial clone does"
                + (f" (git: {_first_line(errors)})" if errors.strip() else ""),
                "fetch it once with `git diff REVISION`, or clone without --filter; --since itself fetches nothing",
            )
        return answer

    def _checked(self, *arguments: str | bytes) -> bytes:
        code, answer, errors = self._git(*arguments)
        if code:
            raise DataError(_first_line(errors) or "git failed", HINT)
        return answer

    def _git(self, *arguments: str | bytes, stdin: bytes = b"") -> tuple[int, bytes, bytes]:
        """Exit status, standard output and standard error of one git command."""
        for name in _FILES:
            with suppress(FileNotFoundError):
                self._require_regular(self.root / ".git" / name)
        # with --git-dir, git does not check the owner of the folder (safe.directory)
        command = ["git", "--no-optional-locks", f"--git-dir={self.root / '.git'}", *arguments]
        try:
            answer = subprocess.run(
                command,
                cwd=self.root,
                env=_environment(),
                input=stdin,
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

    @staticmethod
    def _require_regular(path: Path) -> None:
        try:
            require_regular(path)
        except NotADirectoryError:
            return  # .git is a file that names another folder
        except NotRegularError as error:
            raise DataError(f"git cannot read {path}: {error.strerror}", "repair the repository") from error


def _environment() -> dict[str, str]:
    """The process's environment without git's variables and without the folders of the user's git settings.

    HOME is a path below which nothing exists. Without HOME, git fails at a `~` in the repository's settings.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    kept.pop("XDG_CONFIG_HOME", None)
    return kept | {
        "HOME": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _first_line(errors: bytes) -> str:
    return errors.decode("utf-8", "replace").strip().partition("\n")[0]
