"""The surfaces catch what libraries log; after each test, the loggers are as before."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """The log lines of avatar reach pytest again after a surface has kept them to itself."""
    yield
    logging.disable(logging.NOTSET)
    logging.getLogger().setLevel(logging.WARNING)
    for name in ["avatar", *(name for name in logging.root.manager.loggerDict if name.startswith("avatar."))]:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate, logger.disabled = [], True, False
        logger.setLevel(logging.NOTSET)
