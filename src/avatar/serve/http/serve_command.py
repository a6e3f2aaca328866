"""The command `avatar serve`."""

import argparse
import ipaddress
from pathlib import Path

from avatar.common.errors import ConfigError
from avatar.serve.arguments import count
from avatar.serve.default_student import BUNDLE_HELP, find_bundle
from avatar.serve.extras import needs_extra

MOST_CONNECTIONS = 128


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `serve` to the commands."""
    serve = commands.add_parser(
        "serve",
        help="serve a student over HTTP on this machine, with a demo page",
        description="Serve /predict, /scan, /health, /openapi.json and a demo page over HTTP, only to programs on this "
        "machine.",
    )
    serve.add_argument("--bundle", metavar="FOLDER", type=Path, help=BUNDLE_HELP)
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        help="address of this machine itself (loopback) to listen on (default: 127.0.0.1)",
    )
    serve.add_argument(
        "--port", type=count, default=8765, help="port to listen on; 0 means any free port (default: 8765)"
    )
    serve.add_argument(
        "--threads",
        metavar="N",
        type=count,
        default=1,
        help="number of threads; 0 means one for each core that it may use (default: 1)",
    )
    serve.add_argument("--verbose", action="store_true", help="log each request")
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
        raise ConfigError(f"the port is {options.port}, which does not exist", "give a port from 0 to 65535")
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
    except SystemExit as error:  # uvicorn has logged the reason, for example that the port is in use
        raise ConfigError(f"cannot listen on {host}, port {options.port}", "choose another --port") from error
    except KeyboardInterrupt:
        return 0
    return 0


def loopback(host: str) -> str:
    """`host` as a numeric loopback address; any other address is a ConfigError."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ConfigError(
            f"{host!r} is not a loopback address",
            "give 127.0.0.1 or ::1; to give others access, put a proxy with authentication in front",
        )
    return str(address)
