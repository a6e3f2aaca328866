"""Turns an exception into one message and an exit status."""

import errno
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar.common.errors import AvatarError, ConfigError, ReaderLeftError
from avatar.common.output import complain, output_failure, standard_streams
from avatar.common.passwords import streams_without_passwords


def user_error(error: BaseException, conf: Path | None = None) -> AvatarError | None:
    """The error as an AvatarError where the user can correct it, else None; `conf` is the folder of the YAML files."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for link in chain:
        if isinstance(link, AvatarError):
            return link
        if isinstance(link, OSError) and link.errno == errno.ENAMETOOLONG:
            name = str(link.filename)
            return ConfigError(
                f"a name of {len(name):,} characters is too long for a file: {name[:100]}...",
                "give a shorter name or path",
            )
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    from avatar.config.composition import composition_error, removal_error, unreadable_error

    if any(isinstance(link, (HydraException, OmegaConfBaseException)) for link in chain):
        return composition_error(chain, conf)
    return removal_error(chain) or unreadable_error(error)


@contextmanager
def report_errors(debug: bool = False, conf: Path | None = None) -> Iterator[None]:
    """Print an exception of the block as one message on standard error, and exit: 2 if the user can correct it, else 1.

    With `debug`, the traceback is printed first. `conf` is the folder of the YAML files; messages list its choices. If
    the reader of the output has closed it, there is no message, and the status is 141.
    """
    with standard_streams(discard=True), streams_without_passwords():
        try:
            try:
                yield
            except SystemExit as leaving:  # Hydra's, after --help
                if leaving.code:
                    raise
            sys.stdout.flush()
        except KeyboardInterrupt:
            complain("\ninterrupted; run the same command again to continue")
            sys.exit(130)
        except Exception as error:
            failure = output_failure(error)
            if isinstance(failure, ReaderLeftError):
                sys.exit(failure.exit_status)
            if debug:
                complain(traceback.format_exc())
            ours = failure or user_error(error, conf)
            if ours is None:
                complain(f"error: {type(error).__name__}: {error}\n  hint: debug=true shows the traceback")
                sys.exit(1)
            complain(f"error: {ours}")
            sys.exit(ours.exit_status)
