"""The command `avatar serve`."""

import argparse
import ipaddress
from pathlib import Path

from avatar.common.errors import ConfigError
from avatar.serve.arguments import count
from avatar.serve.extras import needs_extra
from avatar.serve.scan.scan_command import BUNDLE, find_bundle

MOST_CONNECTIONS = 128


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `serve` to the commands."""
    serve = commands.add_parser(
        "serve",
        help="answer over HTTP on this machine, with a page to try the student",
        description="Serve /predict, /scan, /health, /openapi.json and a page, on loopback only.",
    )
    serve.add_argument(
        "--bundle", metavar="FOLDER", type=Path, help=f"folder with manifest.json (default: what ${BUNDLE} names)"
    )
    serve.add_argument("--host", default="127.0.0.1", help="a loopback address (default: 127.0.0.1)")
    serve.add_argument("--port", type=count, default=8765, help="0 takes a free one (default: 8765)")
    serve.add_argument(
        "--threads", metavar="N", type=count, default=1, help="0 means all that are allowed (default: 1)"
    )
    serve.add_argument("--verbose", action="store_true", help="a line for each request")
    serve.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    with needs_extra("serve"):
        import uvicorn

        from avatar.serve.http.application import LOCAL_HOSTS, make_app
        from avatar.serve.http.limits import ImpatientProtocol
    from avatar.serve.scan.student import LazyStudent

    host = loopback(options.host)
    if options.port > 65_535:
        raise ConfigError(f"there is no port {options.port}", "give one from 0 to 65535")
    names = (*LOCAL_HOSTS, f"[{host}]" if ":" in host else host)
    app = make_app(LazyStudent(find_bundle(options.bundle), options.threads), names)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=options.port,
            http=ImpatientProtocol,
            ws="none",
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=5,
            proxy_headers=False,
            server_header=False,
            access_log=options.verbose,
            log_level="info",
        )
    )
    try:
        server.run()
    except SystemExit as error:  # uvicorn has said why, for example that the port is taken
        raise ConfigError(f"cannot listen on {host}, port {options.port}", "choose another --port") from error
    except KeyboardInterrupt:
        return 0
    return 0


def loopback(host: str) -> str:
    """A numeric loopback address; anything that others could reach is a ConfigError."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ConfigError(
            f"{host!r} is not a loopback address",
            "give 127.0.0.1 or ::1; to let others in, put a proxy with authentication in front",
        )
    return str(address)
