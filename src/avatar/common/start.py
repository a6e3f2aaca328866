"""Environment variables that must be set before libraries are imported."""

import os

from avatar.common.cores import thread_limits
from avatar.common.paths import stand_ins


def set_variables() -> None:
    """Set the number of threads, a home folder if there is none, and that Hydra raises its errors."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # then `report_errors` prints them
    os.environ.update(thread_limits())
    os.environ.update(stand_ins())
