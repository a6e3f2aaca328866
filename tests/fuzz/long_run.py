"""The long run of the fuzz surfaces: `make fuzz INPUTS=10000`, with SURFACES="http lsp" for some of them.

Prints a table, and writes the first input of each kind of fault below `build/fuzz`. The exit status is 1 if there is a
fault. An input is written as a Python value; `python tests/fuzz/long_run.py --again FILE` gives it to its surface.
"""

import argparse
import ast
import logging
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent), *(str(Path(__file__).parents[1] / name) for name in ("", "conformance"))]

from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from surface import FAULTS, Answer, Judgement, Surface  # noqa: E402
from surfaces import SURFACES  # noqa: E402
from worker import ForkedWorker  # noqa: E402

COLUMNS = ("surface", "inputs", "accepted", "errors of ours", "raw", "slow", "hung", "aborted", "slowest s", "minutes")


@dataclass
class Tally:
    """The counts of one surface."""

    name: str
    answers: Counter[Answer] = field(default_factory=Counter)
    slowest: float = 0.0
    minutes: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)
    """Faults by their description."""
    interrupted: bool = False

    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        counts = [f"{self.answers[answer]:,}" for answer in Answer]
        total = f"{sum(self.answers.values()):,}"
        return (self.name, total, *counts, f"{self.slowest:.2f}", f"{self.minutes:.1f}")


def fuzz(name: str, surface: Surface, inputs: int, start: int, faults: Path) -> Tally:
    """Give `inputs` to one surface. `start` chooses which: the same ones for the same number."""
    tally, begin = Tally(name), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        harness = surface.make(Path(folder))
        worker = ForkedWorker(surface, harness)

        @seed(start)
        @settings(
            max_examples=inputs,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(harness.inputs)
        def ask(value: Any) -> None:
            judgement = worker.judge(value)
            tally.answers[judgement.answer] += 1
            tally.slowest = max(tally.slowest, judgement.seconds)
            if judgement.answer in FAULTS:
                _record(tally, judgement, value, faults)

        try:
            ask()
        except KeyboardInterrupt:
            tally.interrupted = True
        worker.close()
    tally.minutes = (time.monotonic() - begin) / 60
    return tally


def _record(tally: Tally, judgement: Judgement, value: Any, faults: Path) -> None:
    kind = _kind(judgement)
    tally.kinds[kind] += 1
    if tally.kinds[kind] == 1:
        path = faults / f"{tally.name}-{len(tally.kinds)}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'"""{judgement.text.replace(chr(92), "/")}"""\n\n{value!r}\n'.encode("utf-8", "replace").decode()
        )
        print(f"{tally.name}: {judgement.answer}: {kind}\n  input: {path}", flush=True)


def _kind(judgement: Judgement) -> str:
    """The error, and the last line of ours that it passed."""
    lines = judgement.text.strip().splitlines()
    ours = [line.strip() for line in lines if "/src/avatar/" in line]
    where = ours[-1].rpartition("/src/")[2] if ours else ""
    error = next((line for line in reversed(lines) if line[:1].strip()), judgement.answer)
    return f"{error[:150]} {where}"


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows of Markdown."""
    ruled = [COLUMNS, tuple("-" * len(name) for name in COLUMNS), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in ruled)


def again(path: Path) -> None:
    """Give the input in a file to its surface, in this process: an error is a traceback."""
    name = path.stem.rpartition("-")[0]
    value = ast.literal_eval(path.read_text(encoding="utf-8").rpartition('"""\n\n')[2])
    with tempfile.TemporaryDirectory() as folder:
        SURFACES[name].make(Path(folder)).run(value)


def main() -> int:
    """Fuzz, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000, help="inputs of each surface (default: 1000)")
    parser.add_argument("--surfaces", nargs="+", choices=SURFACES, default=[*SURFACES], help="default: all")
    parser.add_argument("--seed", type=int, default=1, help="another number gives other inputs (default: 1)")
    parser.add_argument("--faults", type=Path, default=Path("build/fuzz"), help="folder for the inputs of faults")
    parser.add_argument("--again", type=Path, metavar="FILE", help="give the input in FILE to its surface again")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    if options.again is not None:
        again(options.again)
        return 0
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it too ends with the table of what was done
    tallies = []
    for name in options.surfaces:
        tallies.append(fuzz(name, SURFACES[name], options.inputs, options.seed, options.faults))
        print(table([tallies[-1].row()]), flush=True)
        if tallies[-1].interrupted:
            break
    print("\n" + table([tally.row() for tally in tallies]))
    return int(any(tally.kinds for tally in tallies))


if __name__ == "__main__":
    sys.exit(main())
