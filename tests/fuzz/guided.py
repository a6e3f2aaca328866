"""One fuzz surface with inputs that libFuzzer chooses by the lines that they reach. Needs atheris, which is not locked:

    .venv/bin/pip install atheris
    .venv/bin/python tests/fuzz/guided.py predictions -max_total_time=600 -timeout=60

It ends at the first fault, with the traceback and the input. Options are libFuzzer's; give a folder as the last
argument to keep what was learnt.
"""

import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), *(str(Path(__file__).parents[1] / name) for name in ("", "conformance"))]

try:
    import atheris
except ModuleNotFoundError:
    sys.exit("atheris is not installed: .venv/bin/pip install atheris (it has wheels for Linux only)")

import mutation  # noqa: E402

mutation.TRACED = True  # before the surfaces are made
with atheris.instrument_imports(include=["avatar"]):
    from surfaces import SURFACES

from hypothesis import HealthCheck, given, settings  # noqa: E402
from surface import FAULTS, judge  # noqa: E402


def main() -> None:
    """Fuzz until a fault, or until libFuzzer's limits."""
    name, *options = sys.argv[1:] or [""]
    if name not in SURFACES:
        sys.exit(f"{name!r} is no surface; available: {', '.join(SURFACES)}")
    surface = SURFACES[name]
    harness = surface.make(Path(tempfile.mkdtemp()))
    logging.disable(logging.CRITICAL)

    @settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(harness.inputs)
    def ask(value: Any) -> None:
        judgement = judge(harness.run, value, surface.seconds)
        assert judgement.answer not in FAULTS, f"{judgement.text}\ninput: {value!r}"

    atheris.Setup([sys.argv[0], *options], ask.hypothesis.fuzz_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
