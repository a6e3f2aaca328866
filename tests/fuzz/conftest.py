"""The surfaces catch what libraries log; after each test, the loggers are as before."""

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "conformance"))  # the samples of all languages

NAMES = ("avatar", "pygls", "asyncio", "uvicorn", "uvicorn.error")


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    """Restore the handlers and the propagation of the loggers that surfaces change."""
    before = {name: (logging.getLogger(name).handlers, logging.getLogger(name).propagate) for name in NAMES}
    disabled = logging.root.manager.disable
    yield
    logging.disable(disabled)
    for name, (handlers, propagate) in before.items():
        logging.getLogger(name).handlers, logging.getLogger(name).propagate = handlers, propagate
