"""What must be set before libraries are imported, because they read it then."""

import os

from avatar.common.cores import thread_limits
from avatar.common.paths import stand_ins


def set_variables() -> None:
    """Set threads that this process may use, a home folder where there is none, and who words Hydra's errors."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra hands its errors to `report_errors`
    os.environ.update(thread_limits())
    os.environ.update(stand_ins())
