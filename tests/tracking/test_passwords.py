"""A password in tracking.uri is in no message, and blanks around the address are refused."""

import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from avatar.checks.tracking_store import store
from avatar.common.errors import AvatarError, ConfigError
from avatar.config.schema import Config, TrackingConfig
from avatar.tracking.address import check_server, resolve_uri, without_password
from avatar.tracking.mlflow_store import open_store


@pytest.mark.parametrize(
    "uri",
    [
        "http://user:s3cret@127.0.0.1:9/x",
        "postgresql://user:s3cret@127.0.0.1:9/db",
        "postgresql+nodriver://user:s3cret@127.0.0.1:99999x/db",
        "mysql://user:s3cret@127.0.0.1/db",
        "ftp://user:s3cret@127.0.0.1/db",
        " http://user:s3cret@127.0.0.1:9",
        "http://user:s3cret@127.0.0.1:9/a b",
        "http://user:s3cret @127.0.0.1:9",
    ],
)
def test_no_message_has_the_password(uri: str, tmp_path: Path) -> None:
    cfg = Config()
    cfg.tracking = TrackingConfig(uri=uri)
    problems = [str(one) for one in store(cfg)]
    assert problems
    assert "s3cret" not in "".join(problems)
    assert "user" in "".join(problems)
    if "sql" in uri:
        return  # no driver is installed
    with pytest.raises(AvatarError) as error:
        open_store(cfg.tracking, "experiment", tmp_path)
    assert "s3cret" not in str(error.value)


def test_only_the_password_is_hidden() -> None:
    uri = "http://me:a%20b@host/x@y"
    assert without_password(f"{uri}: 'a b' is wrong", uri) == "http://me:***@host/x@y: '***' is wrong"
    for other in ("sqlite:///mlflow.db", "http://host:5000", "http://host/a@b", "http://me@host"):
        assert without_password(f"at {other}", other) == f"at {other}"


@pytest.mark.parametrize("uri", ["  ", " sqlite:///mlflow.db", "sqlite:/// ", "http://127.0.0.1:9 "])
def test_blanks_around_an_address(uri: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must not begin or end with a blank"):
        resolve_uri(uri, tmp_path)


@pytest.fixture
def protected() -> Iterator[int]:
    """The port of a server that wants a name and a password."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            right = f"Basic {b64encode(b'me:a b').decode()}"
            self.send_response(200 if self.headers["Authorization"] == right else 401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def test_a_server_with_a_password_is_checked_with_it(protected: int) -> None:
    check_server(f"http://me:a%20b@127.0.0.1:{protected}/")
    with pytest.raises(ConfigError, match="Unauthorized"):
        check_server(f"http://me:other@127.0.0.1:{protected}")
