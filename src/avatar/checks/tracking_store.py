"""Checks that MLflow can use the tracking store, and that the store can be reached."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from avatar.config.problems import Problem, nearest_folder, refused
from avatar.config.schema import Config
from avatar.tracking.address import SERVERS, check_database, check_server, resolve_uri, without_password
from avatar.tracking.mlflow_values import parent_of


def store(cfg: Config) -> Iterator[Problem]:
    """The address; then the file of an sqlite store, the answer of a server, or the driver of a database."""
    uri = cfg.tracking.uri
    if not cfg.tracking.enabled:
        return
    problems = list(refused(lambda: resolve_uri(uri, Path.cwd())))
    yield from problems
    if problems:
        return
    _, database = resolve_uri(uri, Path.cwd())
    if database is not None:
        yield from _sqlite(uri, database)
    elif uri.partition(":")[0].lower() in SERVERS:
        if parent_of(cfg) is None:  # the start of a sweep checks the server; its jobs can do without
            yield from _server(uri)
    else:
        yield from _driver(uri)


def _sqlite(uri: str, path: Path) -> Iterator[Problem]:
    nearest = nearest_folder(path)
    another = "set tracking.uri=sqlite:///FILE with a file that you can write"
    if path.is_dir():
        yield f"tracking.uri is '{uri}'; {path} is a folder, and a file is needed: {another}"
    elif nearest != path and not nearest.is_dir():
        yield f"tracking.uri is '{uri}'; {nearest} is a file, and a folder is needed: {another}"
    elif not os.access(nearest, os.W_OK):
        yield f"tracking.uri is '{uri}'; you have no permission to write {path}: {another}"
    elif path.exists():
        yield from refused(lambda: check_database(path), "tracking.uri")


@cache
def _server(uri: str) -> tuple[Problem, ...]:
    """Cached: a sweep checks the same address for each of its jobs."""
    return tuple(refused(lambda: check_server(uri)))


def _driver(uri: str) -> Iterator[Problem]:
    shown = without_password(uri, uri)
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        make_url(uri).get_dialect().import_dbapi()
    except ImportError as error:
        yield f"tracking.uri is '{shown}'; the driver is not installed: pip install {error.name}"
    except (SQLAlchemyError, ValueError) as error:
        reason = without_password(str(error).splitlines()[0], uri)
        yield f"tracking.uri is '{shown}'; it is not the address of a database: {reason}"


CHECKS = (store,)
