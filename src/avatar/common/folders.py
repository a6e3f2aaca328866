"""Writes folders completely or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar.common.errors import ArtifactError
from avatar.common.full_disk import full_disk


@contextmanager
def writing_folder(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder; when the block ends without error, it becomes `folder` and replaces an old one.

    Raises ArtifactError with the path if writing fails. The temporary folder is always removed.
    """
    folder = folder.resolve()
    temporary: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        yield temporary
        temporary.chmod(0o755)
        _replace(temporary, folder)
    except ArtifactError:
        raise
    except Exception as error:
        reason = full_disk(error) or (isinstance(error, OSError) and (error.strerror or str(error)))
        if not reason:
            raise
        raise ArtifactError(
            f"cannot write the folder {folder}: {reason}",
            "free some disk space, or choose another folder that you may write to",
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder with all its files; `target` is replaced by the whole copy."""
    with writing_folder(target) as temporary:
        shutil.copytree(source, temporary, dirs_exist_ok=True)


def remove(path: Path) -> None:
    """Delete a file, a link, a pipe, or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _replace(temporary: Path, folder: Path) -> None:
    """Move the finished folder `temporary` to `folder`. An old one is deleted after that."""
    if folder.exists():
        old = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.old."))
        folder.replace(old / folder.name)
        temporary.replace(folder)
        shutil.rmtree(old)
    else:
        temporary.replace(folder)
