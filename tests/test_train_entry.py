"""`python train.py` by a Python that has nothing installed."""

import subprocess
import sys
from pathlib import Path


def test_outside_the_environment_it_says_where_the_environment_is() -> None:
    train = Path(__file__).parents[1] / "train.py"
    done = subprocess.run([sys.executable, "-S", "-E", str(train)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "make setup" in done.stderr
    assert ".venv/bin/python train.py" in done.stderr
    assert "Traceback" not in done.stderr
