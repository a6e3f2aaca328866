"""Large programs of repeated pieces, in every language: an outline within the budget of `Outliner`, or none."""

from pathlib import Path
from random import Random

from hypothesis import strategies as st
from mutation import randoms
from surface import Harness, Surface

from avatar.code.text import DOCSTRINGS_KEPT
from avatar.serve.scan.outliner import Outliner
from surfaces._programs import large_program

MOST = 60_000
BUDGET = 0.2
"""CPU seconds for a text."""


def make(folder: Path) -> Harness:
    """Each input is a language and a program."""
    outliners: list[Outliner] = []

    def run(value: tuple[str, str]) -> None:
        if not outliners:  # its process belongs to the one that uses it
            outliners.append(Outliner(DOCSTRINGS_KEPT, BUDGET))
        result = outliners[0].of_text("file", value[1], value[0])
        assert result.ended == result.outline.skipped.startswith("left out: parsing it needs")
        assert result.outline.skipped or isinstance(result.outline.note, str)

    def one(random: Random) -> tuple[str, str]:
        return large_program(random, MOST)

    return Harness(st.builds(one, randoms()), run, lambda: [one.close() for one in outliners])


SURFACE = Surface("large texts under a budget of time", make, short=20)
