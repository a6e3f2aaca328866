"""The languages' samples, on which the fuzz surfaces build, are in another folder of tests."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "conformance"))
