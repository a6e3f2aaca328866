"""Settings of MLflow: no output except errors, and bounded waiting for a server."""

import logging
import os

RETRIES, BACKOFF, TIMEOUT = 3, 1, 20
"""Retries of a request; factor of the growing pauses between them; seconds until a try without an answer fails."""
LONGEST_REQUEST = (RETRIES + 1) * TIMEOUT + sum(BACKOFF * 2**retry + 1 for retry in range(1, RETRIES))
"""Longest time of a request in seconds, with its retries and their pauses."""


def quiet() -> None:
    """Turn off MLflow's telemetry, progress bars and warnings. Call this before mlflow is imported.

    MLflow's own settings retry a request to a server that died for minutes, and obey a server that asks for hours.
    A variable that is already set is not changed.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", str(RETRIES))
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", str(BACKOFF))
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", str(TIMEOUT))
    os.environ.setdefault("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "false")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # urllib3 warns of each retry, with the address
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
