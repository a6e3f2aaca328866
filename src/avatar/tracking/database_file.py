"""The file of an sqlite store: made, or upgraded to the tables of the installed MLflow, completely or not at all.

MLflow makes its tables in many steps, each of which is written to the file. If the process is killed in the middle, or
the disk is full, MLflow can never use the file again. So the steps are done in another file.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from avatar.common.errors import ArtifactError
from avatar.common.logging import get_logger
from avatar.config.schema import SQLITE
from avatar.tracking.address import BUSY_SECONDS
from avatar.tracking.quiet import quiet

quiet()

import mlflow.store.db.utils as mlflow_tables  # noqa: E402
from alembic.script import ScriptDirectory  # noqa: E402
from alembic.util import CommandError  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from sqlalchemy import NullPool, create_engine, event  # noqa: E402
from sqlalchemy.exc import SQLAlchemyError  # noqa: E402

MIGRATIONS = Path(mlflow_tables.__file__).parent.parent / "db_migrations"
FILLED_BY_MLFLOW = ("alembic_version", "workspaces")
"""Tables that have rows in a new store."""
DEFAULT_EXPERIMENT = 0
"""Id of the experiment that a new store has."""
BESIDE = ("-journal", "-wal", "-shm")
"""Endings of the files that sqlite keeps beside a database while it is written."""

NOT_WRITABLE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
"""Codes of sqlite for a full disk, and for files that cannot be written."""

log = get_logger("tracking")


def prepare_database(database: Path) -> None:
    """Make the store if there is none, or one without any run; upgrade it if an older MLflow made it.

    Only one process may call this at a time. A store with runs is copied before an upgrade, to a file whose name ends
    with the old revision. Raises ArtifactError if the file was made by a newer MLflow, if the upgrade fails, and if
    there is too little disk space; then the file is as it was before.
    """
    temporary = database.with_name(f".{database.name}.unfinished")
    try:
        _remove(temporary)  # of a process that was killed
        if not database.exists() or not database.stat().st_size:
            _make_tables(temporary)
            _move(temporary, database)
            return
        found, head = revision(database), ScriptDirectory(str(MIGRATIONS)).get_current_head()
        if found == head:
            return
        if has_content(database):
            _upgrade(database, temporary, found)
        else:
            log.warning("the tracking store %s was never finished, and has no run: it is made again", database)
            _make_tables(temporary)
            _copy(temporary, database)
    except (sqlite3.Error, SQLAlchemyError, OSError) as error:
        raise _not_written(database, error) from error
    finally:
        _remove(temporary)


def revision(database: Path) -> str | None:
    """The revision of the tables, as MLflow counts them; None if there is none."""
    with closing(_connect(database)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchall():
            return None
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return str(rows[0][0]) if rows else None


def has_content(database: Path) -> bool:
    """Whether any table has a row that a new store does not have."""
    with closing(_connect(database)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if name in FILLED_BY_MLFLOW or name.startswith("sqlite_"):
                continue
            condition = f"experiment_id != {DEFAULT_EXPERIMENT}" if name == "experiments" else "1"
            if connection.execute(f'SELECT 1 FROM "{name}" WHERE {condition} LIMIT 1').fetchall():
                return True
    return False


def _upgrade(database: Path, temporary: Path, found: str | None) -> None:
    """Upgrade a store with runs, in a copy."""
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if found is not None and found not in known:
        raise ArtifactError(
            f"the tracking store {database} was made by a newer MLflow: its tables have the revision {found}",
            "install that MLflow, or set tracking.uri to another file",
        )
    _copy(database, temporary)
    before = database.with_name(f"{database.name}.{found}")
    try:
        _make_tables(temporary)
    except (SQLAlchemyError, CommandError, MlflowException) as error:
        if _sqlite_code(error) in NOT_WRITABLE:
            raise
        raise ArtifactError(
            f"the tracking store {database} cannot be upgraded to the installed MLflow: {_reason(error)}",
            "it was not changed; set tracking.uri to another file, or restore an earlier copy of it",
        ) from error
    _keep(database, before)
    _copy(temporary, database)
    log.warning("the tracking store was upgraded to the installed MLflow; as it was before, it is in %s", before)


def _make_tables(path: Path) -> None:
    """Make all tables in a file that no other process uses, or bring those of an older MLflow up to date."""
    engine = create_engine(f"{SQLITE}{path}", poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def fast(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")  # the file is synchronised once, at the end

    mlflow_tables._initialize_tables(engine)  # type: ignore[no-untyped-call]
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move(source: Path, target: Path) -> None:
    """Rename a database. Files that sqlite kept beside an earlier database of the new name are removed."""
    for ending in BESIDE:
        target.with_name(target.name + ending).unlink(missing_ok=True)
    source.replace(target)


def _copy(source: Path, target: Path) -> None:
    """Give `target` the content of `source` in one transaction. Other processes may have `target` open."""
    with closing(_connect(source)) as reader, closing(_connect(target)) as writer:
        reader.backup(writer)


def _keep(database: Path, copy: Path) -> None:
    """Copy a database to a new file, completely or not at all."""
    temporary = copy.with_name(f".{copy.name}.unfinished")
    try:
        _remove(temporary)
        _copy(database, temporary)
        _move(temporary, copy)
    finally:
        _remove(temporary)


def _remove(path: Path) -> None:
    for ending in ("", *BESIDE):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_SECONDS)


def _not_written(database: Path, error: BaseException) -> ArtifactError:
    return ArtifactError(
        f"cannot make or read the tracking store {database}: {_reason(error)}",
        "free some disk space, set tracking.uri to a file that you can write to, or set tracking.enabled=false",
    )


def _reason(error: BaseException) -> str:
    """The first line of the error of sqlite or of the system that is its cause."""
    return next(iter(str(_cause(error)).strip().splitlines()), type(error).__name__)


def _sqlite_code(error: BaseException) -> int | None:
    """The code of an error of sqlite, without its details."""
    code = getattr(_cause(error), "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def _cause(error: BaseException) -> BaseException:
    """The error of sqlite that `error` follows from; `error` itself if there is none."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, sqlite3.Error):
            return link
        link = link.__cause__ or link.__context__
    return error
