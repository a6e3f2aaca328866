"""A password in tracking.uri is in no message, and blanks around the address are refused."""

import logging
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from avatar.checks.tracking_store import store
from avatar.common.errors import AvatarError, ConfigError
from avatar.common.logging import SafeFormatter
from avatar.common.passwords import hide_passwords
from avatar.config.error_messages import report_errors
from avatar.config.schema import Config, TrackingConfig
from avatar.tracking import sweeps
from avatar.tracking.address import check_server, resolve_uri, without_password
from avatar.tracking.callback import SweepCallback
from avatar.tracking.mlflow_store import open_store
from avatar.tracking.mlflow_values import config_yaml


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


ADDRESS = "http://user:s3cret@127.0.0.1:9/x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"API request to {ADDRESS} failed", "API request to http://user:***@127.0.0.1:9/x failed"),
        (f"['tracking.uri={ADDRESS}', 'seed=1']", "['tracking.uri=http://user:***@127.0.0.1:9/x', 'seed=1']"),
        ("postgresql+psycopg2://me:p@ss@host/db", "postgresql+psycopg2://me:***@host/db"),
        ("http://host:5000/a and b@c", "http://host:5000/a and b@c"),
        ("http://host:5000/x@y, sqlite:///a:b.db", "http://host:5000/x@y, sqlite:///a:b.db"),
    ],
)
def test_passwords_are_hidden_in_any_text(text: str, shown: str) -> None:
    assert hide_passwords(text) == shown


def test_no_log_line_has_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    formatter = SafeFormatter("%(message)s")
    for record in (
        logging.LogRecord("x", 30, "file", 1, "the store %s is silent", (ADDRESS,), None),
        logging.LogRecord("x", 30, "file", 1, f"the store {ADDRESS} is silent", (), None),
        logging.LogRecord("x", 30, "file", 1, "failed: %s", (OSError(f"no route to {ADDRESS}"),), None),
    ):
        line = formatter.format(record)
        assert "s3cret" not in line
        assert "user:***@" in line


def test_no_stream_has_a_password_while_a_command_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Hydra writes all overrides of a job that fails to standard error."""
    with pytest.raises(SystemExit) as ended, report_errors(debug=True):  # noqa: PT012
        sys.stderr.write(f"Error executing job with overrides: ['tracking.uri={ADDRESS}']\n")
        print(f"[HYDRA] #0 : tracking.uri={ADDRESS}")
        raise RuntimeError(f"API request to {ADDRESS} failed")
    assert ended.value.code == 1
    shown = capsys.readouterr()
    assert "s3cret" not in shown.err + shown.out
    assert shown.err.count("user:***@127.0.0.1") >= 3
    assert "#0 : tracking.uri=http://user:***@" in shown.out


def test_the_report_and_the_runs_files_have_no_password() -> None:
    cfg = Config(tracking=TrackingConfig(uri=ADDRESS))
    text = config_yaml(cfg)
    assert "s3cret" not in text
    assert "http://user:***@127.0.0.1:9/x" in text
    assert cfg.tracking.uri == ADDRESS


def test_the_name_of_a_sweep_has_no_password(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is its overrides, and MLflow shows it to everyone."""
    names: list[str] = []

    def opened(cfg: TrackingConfig, experiment: str, name: str, *rest: object) -> tuple[None, str]:
        names.append(name)
        return None, "run"

    monkeypatch.setattr(sweeps, "open_sweep", opened)
    monkeypatch.setattr(sweeps, "close_sweep", lambda *args, **kwargs: None)
    hydra = {"overrides": {"task": [f"tracking.uri={ADDRESS}", "seed=1,2"]}, "sweep": {"dir": "multirun/1"}}
    whole = OmegaConf.to_container(OmegaConf.structured(Config(tracking=TrackingConfig(uri=ADDRESS))))
    config = OmegaConf.create({**whole, "hydra": hydra})  # type: ignore[dict-item]
    callback = SweepCallback()
    callback.on_multirun_start(config)
    callback.on_multirun_end(config)
    assert names == ["tracking.uri=http://user:***@127.0.0.1:9/x seed=1,2"]
