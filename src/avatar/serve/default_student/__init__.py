"""The student that is installed with avatar: it finds clones, and nothing has to be trained first.

Its folder is this one. `make student` makes it again.
"""

import os
from pathlib import Path

BUNDLE = "AVATAR_BUNDLE"
"""Environment variable with the bundle folder for commands without --bundle."""

BUNDLE_HELP = f"the folder 'bundle' that train.py wrote (default: ${BUNDLE}, else the student installed with avatar)"

FOLDER = Path(__file__).parent / "bundle"
"""The bundle of the installed student."""


def find_bundle(given: Path | None = None) -> Path:
    """`given`, or the folder in the environment variable, or the installed student."""
    named = os.environ.get(BUNDLE)
    return given or (Path(named) if named else FOLDER)
