"""From an exception to one message and an exit status."""

import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from avatar.common.errors import AvatarError, ConfigError, ReaderLeftError, did_you_mean
from avatar.common.output import complain, output_failure, standard_streams


def _group_choices(message: str) -> ConfigError | None:
    """A wrong choice of a group, such as `teacher=codebret`."""
    found = re.search(r"Could not find '([^']+)'", message) or re.search(r"In '[^']+': (\S+) not found", message)
    if not found:
        return None
    group, _, choice = found.group(1).rpartition("/")
    options = re.search(r"Available options in '[^']*':\s*((?:\n?\s*\S+)+?)\n*(?:Config search path|$)", message)
    names = options.group(1).split() if options else []
    hint = did_you_mean(choice, names) if names else "look into conf/ for what there is"
    return ConfigError(f"{group or 'the configuration'} has no choice '{choice}'", hint)


def _unknown_key(message: str) -> ConfigError | None:
    """A key that the schema does not have, such as `serach.rounds=2`."""
    found = re.search(r"Could not override '([^']+)'", message)
    key = found.group(1) if found else ""
    if not key:
        found = re.search(r"full_key: (\S+)", message) if "Key '" in message or "is not in struct" in message else None
        key = found.group(1) if found else ""
    if not key or not re.search(r"not in struct|is not in|No match|not found|Key '", message):
        return None
    return unknown_key(key)


def unknown_key(key: str) -> ConfigError:
    """The error for a key that the schema does not have; the hint lists its neighbours."""
    keys = known_keys()
    group, _, _ = key.rpartition(".")
    siblings = [name for name in keys if name.rpartition(".")[0] == group] if group else []
    if not siblings:
        close = get_close_matches(key, keys, n=1)
        siblings = close or [name for name in keys if "." not in name]
    return ConfigError(f"the configuration has no key '{key}'", did_you_mean(key, siblings))


def _details(chain: list[BaseException]) -> str:
    """The first lines of an error and of what caused it, each once."""
    lines = [next(iter(str(link).strip().splitlines()), "") for link in chain]
    return ": ".join(dict.fromkeys(line for line in lines if line))


def known_keys() -> list[str]:
    """Every key of the schema, dotted."""
    import dataclasses

    from avatar.config.schema import Config

    keys: list[str] = []
    for part in dataclasses.fields(Config):
        keys.append(part.name)
        if dataclasses.is_dataclass(part.type):
            keys += [f"{part.name}.{entry.name}" for entry in dataclasses.fields(part.type)]
    return keys


def worded(error: BaseException) -> AvatarError | None:
    """The error as one of ours where the user can mend it, else None."""
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

    text = "\n".join(str(link) for link in chain)
    for link in chain:
        if isinstance(link, (HydraException, OmegaConfBaseException)):
            return (
                _group_choices(text)
                or _unknown_key(text)
                or ConfigError(_details(chain), "python train.py --help shows the groups, --cfg job the values")
            )
    return None


@contextmanager
def report_errors(debug: bool = False) -> Iterator[None]:
    """Turn what escapes the block into one message on standard error, and exit: 2 where the user can mend it, else 1.

    With `debug`, the traceback comes first. Where the reader of the output has left, there is no message, and the
    status is 141.
    """
    with standard_streams(discard=True):
        try:
            try:
                yield
            except SystemExit as leaving:  # Hydra's, after --help
                if leaving.code:
                    raise
            sys.stdout.flush()
        except KeyboardInterrupt:
            complain("\ninterrupted; the same command goes on from here")
            sys.exit(130)
        except Exception as error:
            failure = output_failure(error)
            if isinstance(failure, ReaderLeftError):
                sys.exit(failure.exit_status)
            if debug:
                complain(traceback.format_exc())
            ours = failure or worded(error)
            if ours is None:
                complain(f"error: {type(error).__name__}: {error}\n  hint: debug=true shows where")
                sys.exit(1)
            complain(f"error: {ours}")
            sys.exit(ours.exit_status)
