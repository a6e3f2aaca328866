"""From an exception to one message and an exit status."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avatar.common.errors import AvatarError


def worded(error: BaseException, conf: Path | None = None) -> AvatarError | None:
    """The error as one of ours where the user can mend it, else None; `conf` is Hydra's folder."""
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    for link in chain:
        if isinstance(link, AvatarError):
            return link
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    if any(isinstance(link, (HydraException, OmegaConfBaseException)) for link in chain):
        from avatar.config.composition import composition_error

        return composition_error(chain, conf)
    return None


@contextmanager
def report_errors(debug: bool = False, conf: Path | None = None) -> Iterator[None]:
    """Turn what escapes the block into one message on standard error, and exit: 2 where the user can mend it, else 1.

    With `debug`, the traceback comes first. `conf` is Hydra's folder, whose choices messages list.
    """
    try:
        yield
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from here", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if debug:
            traceback.print_exc()
        ours = worded(error, conf)
        if ours is None:
            print(f"error: {type(error).__name__}: {error}\n  hint: debug=true shows where", file=sys.stderr)
            sys.exit(1)
        print(f"error: {ours}", file=sys.stderr)
        sys.exit(ours.exit_status)
