"""Opens stores in child processes that are killed in the middle. The first argument is the task, a JSON object.

`folder`: the project's folder. `kills`: for each number, a child opens the store and is killed before its SQL statement
of this number; "rename" kills it before a file is renamed. After each kill a second child records a run. `through`:
the statements are those of MLflow on the final file ("mlflow", as in earlier versions of Avatar), or those of our
`open_store` ("avatar"). `every`: after how many kills a run is recorded.
"""

import json
import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from avatar.config.schema import Config, TrackingConfig
from avatar.tracking.mlflow_store import open_store
from avatar.tracking.runs import job_run


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(step: int | str) -> None:
    """Kill this process before an SQL statement, or before a file is renamed."""
    if step == "rename":
        sys.addaudithook(lambda name, _: die() if name == "os.rename" else None)
        return
    statements = iter(range(1, int(step)))

    @event.listens_for(Engine, "before_cursor_execute")
    def count(*_: object) -> None:
        if next(statements, None) is None:
            die()


def opened(folder: Path, through: str) -> None:
    if through == "avatar":
        open_store(TrackingConfig(), "demo", folder)
        return
    from mlflow.tracking import MlflowClient

    MlflowClient(tracking_uri=f"sqlite:///{folder / 'mlflow.db'}").search_experiments()


def record(folder: Path) -> None:
    with job_run(Config(), "after the kill", root=folder) as run:
        run.log_metrics({"test/f1": 1.0})


def in_child(call: object, *arguments: object) -> int:
    """The exit status of a child process that makes the call; negative for a signal."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            call(*arguments)  # type: ignore[operator]
            status = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def killed(folder: Path, step: int | str, through: str) -> None:
    die_at(step)
    opened(folder, through)


def main() -> None:
    task = json.loads(sys.argv[1])
    folder = Path(task["folder"])
    outcomes = []
    for number, step in enumerate(task["kills"], start=1):
        below = folder / (str(number) if task["every"] == 1 else "one")
        below.mkdir(exist_ok=True)
        outcome = {"step": step, "killed": in_child(killed, below, step, task["through"])}
        outcome["left"] = sorted(path.name for path in below.iterdir() if path.is_file())
        if number % task["every"] == 0 or number == len(task["kills"]):
            outcome["recorded"] = in_child(record, below)
        outcomes.append(outcome)
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main()
