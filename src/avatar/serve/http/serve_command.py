"""The command `avatar serve`."""

import argparse
import ipaddress
import os
import threading
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from avatar.common.errors import ConfigError
from avatar.serve.arguments import count, duration
from avatar.serve.default_student import BUNDLE_HELP, find_bundle
from avatar.serve.extras import needs_extra

if TYPE_CHECKING:
    from avatar.serve.http.computing import Pool

MOST_CONNECTIONS = 128
ENDING_SECONDS = 1.5
"""After a signal, requests have one second to end, and the process ends within this time."""


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
    serve.add_argument(
        "--request-seconds",
        metavar="N",
        type=duration,
        default=10.0,
        help="end a request that needs more than N seconds of CPU time, and N/2 for parsing (default: %(default)s)",
    )
    serve.add_argument("--verbose", action="store_true", help="log each request")
    serve.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    with needs_extra("serve"):
        import uvicorn

        from avatar.serve.http.application import COMPUTED, LOCAL_HOSTS, make_app
        from avatar.serve.http.computing import Computing, Pool
        from avatar.serve.http.limits import ImpatientProtocol
    from avatar.serve.scan.student import LazyStudent

    host = loopback(options.host)
    if options.port > 65_535:
        raise ConfigError(f"the port is {options.port}, which does not exist", "give a port from 0 to 65535")
    names = (*LOCAL_HOSTS, f"[{host}]" if ":" in host else host)
    student = LazyStudent(find_bundle(options.bundle), options.threads)
    pool = Pool(student.bundle.folder, options.threads, options.request_seconds)
    app = make_app(student, names, computing=partial(Computing, pool=pool, paths=COMPUTED))

    class Server(uvicorn.Server):
        """Ends in time, whatever its threads do."""

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            super().handle_exit(sig, frame)
            timer = threading.Timer(ENDING_SECONDS, _end, [pool])
            timer.daemon = True
            timer.start()

    server = Server(
        uvicorn.Config(
            app,
            host=host,
            port=options.port,
            http=ImpatientProtocol,
            ws="none",
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=1,
            proxy_headers=False,
            server_header=False,
            access_log=options.verbose,
            log_level="info",
        )
    )
    try:
        pool.start()
        server.run()
    except SystemExit as error:  # uvicorn has logged the reason, for example that the port is in use
        raise ConfigError(f"cannot listen on {host}, port {options.port}", "choose another --port") from error
    except KeyboardInterrupt:
        return 0
    finally:
        pool.close()
    return 0


def _end(pool: "Pool") -> None:
    try:
        pool.close()
    finally:
        os._exit(0)


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
