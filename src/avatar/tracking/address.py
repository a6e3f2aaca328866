"""The address of a tracking store: its kind, and whether the store answers. MLflow is not imported."""

import sqlite3
import urllib.request
from base64 import b64encode
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from avatar.common.errors import ArtifactError, ConfigError, did_you_mean
from avatar.config.schema import SQLITE

SERVERS = ("http", "https")
DATABASES = ("postgresql", "mysql", "mssql")
"""Databases that MLflow supports beside sqlite; a driver may follow, as in postgresql+psycopg2."""
BUSY_SECONDS = 60
"""Longest wait of a write while another process writes to the same sqlite file."""
SERVER_SECONDS = 5.0
"""Longest wait for the answer of a server."""


def without_password(text: str, uri: str) -> str:
    """`text` without the password of the address `uri`, for messages."""
    _, _, rest = uri.partition("://")
    server = rest.partition("/")[0]
    login, at, _ = (server if "@" in server else rest).rpartition("@")  # a password may have a "/"
    _, colon, password = login.partition(":")
    if not (at and colon and password):
        return text
    return text.replace(f":{password}@", ":***@").replace(unquote(password), "***")


def resolve_uri(uri: str, root: Path) -> tuple[str, Path | None]:
    """The absolute address, and the file of an sqlite store (None for a server or another database)."""
    scheme = _scheme(uri)
    if uri != uri.strip():
        raise ConfigError(
            f"tracking.uri is '{without_password(uri, uri)}'; it must not begin or end with a blank",
            "use sqlite:///mlflow.db, or remove the blank",
        )
    if uri.startswith(SQLITE):
        name = uri.removeprefix(SQLITE).split("?")[0]
        if not name or name == ":memory:":
            raise ConfigError(f"tracking.uri is '{uri}'; it must name a file", "use sqlite:///mlflow.db")
        path = (root / name).resolve()
        return f"{SQLITE}{path}?timeout={BUSY_SECONDS}", path
    if scheme in SERVERS or scheme.split("+")[0] in DATABASES:
        return uri, None
    known = (
        did_you_mean(scheme, ("sqlite", *DATABASES, *SERVERS))
        if scheme
        else "it must begin with sqlite:///, http:// or the name of a database"
    )
    raise ConfigError(
        f"tracking.uri is '{without_password(uri, uri)}'; MLflow does not support this kind of store: {known}",
        "use sqlite:///mlflow.db, the address of a database, or that of a server (http://host:port)",
    )


def _scheme(uri: str) -> str:
    """The text before the first colon, in lower case; "" without a colon."""
    scheme, colon, _ = uri.partition(":")
    return scheme.lower() if colon else ""


def check_server(uri: str) -> None:
    """Raise a ConfigError if a server does not answer within `SERVER_SECONDS`."""
    if _scheme(uri) not in SERVERS:
        return
    shown = without_password(uri, uri)
    try:
        with urllib.request.urlopen(_health_request(uri), timeout=SERVER_SECONDS):
            pass
    except (OSError, ValueError, HTTPException) as error:
        reason = without_password(str(getattr(error, "reason", error)), uri)
        raise ConfigError(
            f"tracking.uri is '{shown}'; no MLflow server answers at {shown}: {reason}",
            "start it, correct tracking.uri, or use tracking.uri=sqlite:///mlflow.db",
        ) from error


def server_answers(uri: str) -> bool:
    """Whether a server answers. A database is not asked: True."""
    try:
        check_server(uri)
    except ConfigError:
        return False
    return True


def _health_request(uri: str) -> urllib.request.Request:
    """The request for a server's health; a name and password in the address are sent as MLflow sends them."""
    address = urlsplit(uri)
    login, _, host = address.netloc.rpartition("@")
    request = urllib.request.Request(urlunsplit(address._replace(netloc=host)).rstrip("/") + "/health")
    if login:
        request.add_header("Authorization", f"Basic {b64encode(unquote(login).encode()).decode()}")
    return request


def check_database(path: Path) -> None:
    """Raise an ArtifactError for a file that is not an sqlite database. (MLflow would retry for minutes.)"""
    if not path.exists() or not path.stat().st_size:
        return
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        connection.execute("SELECT name FROM sqlite_master LIMIT 1").fetchall()
    except sqlite3.DatabaseError as error:
        raise ArtifactError(
            f"the tracking store {path} is not an sqlite database: {error}",
            "move the file away, or set tracking.uri to another file",
        ) from error
    finally:
        connection.close()
