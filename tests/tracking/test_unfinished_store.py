"""A store whose making or upgrade was interrupted: the next start has a whole store, and no run is lost."""

import json
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import mlflow
import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.script import ScriptDirectory
from mlflow.store.tracking.dbmodels.initial_models import Base as InitialBase
from sqlalchemy import event
from sqlalchemy.engine import Engine

from avatar.common.errors import ArtifactError
from avatar.config.schema import Config, TrackingConfig
from avatar.tracking.mlflow_store import open_store
from avatar.tracking.runs import job_run

pytestmark = pytest.mark.timeout(600)

MIGRATIONS = Path(mlflow.__file__).parent / "store" / "db_migrations"
HEAD = ScriptDirectory(str(MIGRATIONS)).get_current_head()
PROGRAM = Path(__file__).with_name("killed_stores.py")


def revision(database: Path) -> str | None:
    """The revision of the tables in a store; None if it has none."""
    with closing(sqlite3.connect(database)) as connection:
        try:
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        except sqlite3.OperationalError:
            return None
    return rows[0][0] if rows else None


def whole_or_missing(database: Path) -> bool:
    return not database.exists() or revision(database) == HEAD


def kill_and_record(folder: Path, kills: Sequence[int | str], through: str, every: int = 1) -> list[dict[str, Any]]:
    task = json.dumps({"folder": str(folder), "kills": kills, "through": through, "every": every})
    answer = subprocess.run([sys.executable, str(PROGRAM), task], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    outcomes: list[dict[str, Any]] = json.loads(answer.stdout)
    failed = [outcome for outcome in outcomes if outcome.get("recorded", 0) != 0]
    assert not failed, answer.stderr
    return outcomes


def test_at_no_step_of_its_making_is_there_half_a_store(tmp_path: Path) -> None:
    """After kill -9 the files are as they are now, so it is enough to look at them before each statement."""
    database, steps, halves = tmp_path / "mlflow.db", [], []

    def look(connection: object, cursor: object, statement: str, *_: object) -> None:
        steps.append(statement)
        if not whole_or_missing(database):
            halves.append(statement)

    event.listen(Engine, "before_cursor_execute", look)
    try:
        open_store(TrackingConfig(), "demo", tmp_path)
    finally:
        event.remove(Engine, "before_cursor_execute", look)
    assert len(steps) > 500
    assert halves == []
    assert revision(database) == HEAD
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlartifacts", "mlflow.db"]


def test_the_first_start_killed_at_some_steps(tmp_path: Path) -> None:
    outcomes = kill_and_record(tmp_path, [2, 400, 1500, "rename"], "avatar")
    assert {outcome["killed"] for outcome in outcomes} == {-signal.SIGKILL}
    for number in range(1, 5):
        names = sorted(path.name for path in (tmp_path / str(number)).iterdir())
        assert names == ["mlartifacts", "mlflow.db"], "files of the killed start are left"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_first_start_killed_at_many_steps(tmp_path: Path) -> None:
    """Many starts in one folder are killed one after the other; every tenth is followed by one that records a run."""
    kills = list(range(1, 1700, 25))
    outcomes = []
    for start in range(0, len(kills), 10):
        folder = tmp_path / str(start)
        folder.mkdir()
        outcomes += kill_and_record(folder, kills[start : start + 10], "avatar", every=10)
    assert len(outcomes) == len(kills)
    assert sum(outcome["killed"] == -signal.SIGKILL for outcome in outcomes) > 60


def test_a_store_that_an_earlier_version_left_half_made_is_repaired(tmp_path: Path) -> None:
    outcomes = kill_and_record(tmp_path, [30, 400, 1000, 1600], "mlflow")
    assert {outcome["killed"] for outcome in outcomes} == {-signal.SIGKILL}
    assert all("mlflow.db" in outcome["left"] for outcome in outcomes)
    for number in range(1, 5):
        assert revision(tmp_path / str(number) / "mlflow.db") == HEAD


def in_full_disk(folder: Path, most_bytes: int) -> subprocess.CompletedProcess[str]:
    """Open a store in a process that can write at most `most_bytes` into a file."""
    program = (
        "import resource, sys\nfrom pathlib import Path\n"
        "from avatar.config.schema import TrackingConfig\nfrom avatar.tracking.mlflow_store import open_store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))\n"
        "open_store(TrackingConfig(), 'demo', Path(sys.argv[1]))\n"
    )
    command = [sys.executable, "-c", program, str(folder), str(most_bytes)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("most_bytes", [50_000, 600_000])
def test_a_full_disk_leaves_no_half_made_store(tmp_path: Path, most_bytes: int) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    answer = in_full_disk(tmp_path, most_bytes)
    assert answer.returncode == 1
    last = [line for line in answer.stderr.splitlines() if line.startswith("avatar.")]
    assert "ArtifactError" in last[0]
    assert "disk" in answer.stderr.partition("ArtifactError")[2]
    assert [path.name for path in tmp_path.iterdir()] == ["mlartifacts"]
    with job_run(Config(), "after", root=tmp_path) as run:
        run.log_metrics({"test/f1": 1.0})


def older_store(database: Path, back: int) -> str:
    """A store with one run and the tables of an older MLflow, `back` migrations ago; returns its revision."""
    older = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][back]
    url = f"sqlite:///{database}"
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
    InitialBase.metadata.create_all(engine)
    config = AlembicConfig(str(MIGRATIONS / "alembic.ini"))
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, older)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) "
            "VALUES (7, 'demo', 'file:///elsewhere', 'active')"
        )
        connection.execute(
            "INSERT INTO runs (run_uuid, name, source_type, status, start_time, lifecycle_stage, experiment_id, "
            "user_id, artifact_uri) VALUES ('abc', 'precious', 'LOCAL', 'FINISHED', 1, 'active', 7, 'me', '')"
        )
        connection.execute("INSERT INTO params (key, value, run_uuid) VALUES ('seed', '1', 'abc')")
    assert revision(database) == older
    return str(older)


def runs_in(folder: Path) -> list[str]:
    store = open_store(TrackingConfig(), "demo", folder)
    return [run.info.run_name for run in store.client.search_runs([store.experiment_id])]


@pytest.mark.parametrize("back", [1, 12])
def test_a_store_of_an_older_mlflow_keeps_its_runs_at_every_step_of_the_upgrade(tmp_path: Path, back: int) -> None:
    database, changed, steps = tmp_path / "mlflow.db", [], []
    older = older_store(database, back)

    def look(connection: object, cursor: object, statement: str, *_: object) -> None:
        steps.append(statement)
        if revision(database) not in (older, HEAD):
            changed.append(statement)

    event.listen(Engine, "before_cursor_execute", look)
    try:
        assert runs_in(tmp_path) == ["precious"]
    finally:
        event.remove(Engine, "before_cursor_execute", look)
    assert changed == []
    assert revision(database) == HEAD
    assert revision(tmp_path / f"mlflow.db.{older}") == older, "the store before the upgrade is kept"


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    older_store(database, 12)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DROP TABLE experiment_tags")  # half of another migration
        connection.execute("ALTER TABLE experiments RENAME COLUMN lifecycle_stage TO renamed")
    before = database.read_bytes()
    with pytest.raises(ArtifactError, match="upgrade") as caught:
        open_store(TrackingConfig(), "demo", tmp_path)
    assert str(database) in caught.value.message
    assert database.read_bytes() == before


def test_a_store_of_a_newer_mlflow_is_refused_unchanged(root: Path) -> None:
    with closing(sqlite3.connect(root / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    before = (root / "mlflow.db").read_bytes()
    with pytest.raises(ArtifactError, match="newer MLflow"):
        open_store(TrackingConfig(), "demo")
    assert (root / "mlflow.db").read_bytes() == before


def test_a_journal_of_a_removed_store_is_not_applied_to_the_new_one(tmp_path: Path) -> None:
    """A process killed in the middle of a write leaves a journal; sqlite would apply it to a new file of that name."""
    written = (
        "import os, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "connection.execute('PRAGMA cache_size = 1')\n"
        "connection.execute('CREATE TABLE texts (text TEXT)')\n"
        "connection.execute('BEGIN')\n"
        "connection.executemany('INSERT INTO texts VALUES (?)', [('x' * 3000,)] * 300)\n"
        "os._exit(0)\n"
    )
    database = tmp_path / "mlflow.db"
    subprocess.run([sys.executable, "-c", written, str(database)], check=True)
    assert (tmp_path / "mlflow.db-journal").stat().st_size > 0
    shutil.move(database, tmp_path / "removed")
    with job_run(Config(), "first", root=tmp_path):
        pass
    assert runs_in(tmp_path) == ["first"]
    assert revision(database) == HEAD
