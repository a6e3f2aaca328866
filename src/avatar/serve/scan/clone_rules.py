"""Which functions are compared: small and simple ones look alike without being worth merging.

Scan, hook, editor and HTTP use the same rules. Nothing is left out in silence: a report counts it, with the option
that shows it. docs/left_out.md has the reasons and the measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from avatar.code.function_forms import SIMPLE, Form
from avatar.serve.scan.findings import LeftOut, Location

MIN_LINES = 5
MIN_WORDS = 70
"""Default size of a function in words: names, numbers and signs. Most smaller clones are not worth acting on."""
MIN_WORDS_SUSPICIOUS = 20
EXACT_SHARE, NEAR_SHARE, OVERLOAD_SHARE = 0.6, 1.15, 1.4
"""The less two functions are alike, the larger they must be: shares of `min_words`."""
RUN_SHARE = 0.5
"""So many different runs must the functions of a group have in common (see `shared_code`), for each of `min_words`."""

_LOOKALIKES = frozenset({Form.STRAIGHT, Form.STANDARD})


@dataclass(frozen=True)
class CloneRules:
    """What counts as a clone.

    `min_words` is for functions that are the same but for names. Exact copies may be smaller (`EXACT_SHARE`), others
    must be larger (`NEAR_SHARE`); functions that are too small for any of this, or have fewer than `min_lines` lines of
    code, are left out. `simple`: functions of the forms `SIMPLE` are compared too, and straight code and standard
    methods may differ in more than names. `tests`: groups of tests only are reported. `clones` is false for a student
    that finds suspicious functions; then only `min_lines` and `min_words` count.
    """

    min_lines: int = MIN_LINES
    min_words: int = MIN_WORDS
    simple: bool = False
    tests: bool = False
    clones: bool = True

    @classmethod
    def for_task(cls, arity: int, min_lines: int, min_words: int | None, simple: bool, tests: bool) -> "CloneRules":
        """The rules of a student: one of pairs (`arity` 2) finds clones. Without `min_words`, the task's default."""
        clones = arity == 2
        default = MIN_WORDS if clones else MIN_WORDS_SUSPICIOUS
        return cls(min_lines, default if min_words is None else min_words, simple, tests, clones)

    @property
    def least_words(self) -> int:
        """Functions with fewer words are left out."""
        return ceil(EXACT_SHARE * self.min_words) if self.clones else self.min_words

    @property
    def min_words_near(self) -> int:
        """Least size of a clone that differs in more than names."""
        return ceil(NEAR_SHARE * self.min_words)

    def least_runs(self, exact: bool) -> int:
        """How many different runs the functions of a group must have in common."""
        return ceil(RUN_SHARE * (EXACT_SHARE if exact else 1) * self.min_words)

    def is_overload(self, functions: Sequence[Location]) -> bool:
        """Whether functions are short overloads, of one name in one file: they are one interface, not copies."""
        if self.simple or len({(one.file, one.name) for one in functions}) > 1:
            return False
        return min(one.words for one in functions) < OVERLOAD_SHARE * self.min_words

    def keeps(self, location: Location) -> bool:
        """Whether the function takes part at all."""
        return self._is_large(location) and not self._is_simple(location)

    def _is_large(self, location: Location) -> bool:
        # copies of a small standard method say nothing: editors and generators write them
        least = self.min_words if location.form == Form.STANDARD else self.least_words
        return location.code_lines >= self.min_lines and location.words >= least

    def compares(self, location: Location) -> bool:
        """Whether a function that takes part is compared; if not, only its exact copies count."""
        return location.words >= self.min_words

    def is_lookalike(self, location: Location) -> bool:
        """Whether two such functions are only clones if they are the same but for names."""
        return location.words < self.min_words_near or (not self.simple and location.form in _LOOKALIKES)

    def left_out(self, locations: Sequence[Location]) -> list[LeftOut]:
        """How many of `locations` are left out, or only compared with their exact copies, and what shows them."""
        large = [one for one in locations if self._is_large(one)]
        kept = [one for one in large if self.keeps(one)]
        counts = [
            LeftOut(
                f"functions with fewer than {self.min_lines} lines or {self.least_words} words",
                len(locations) - len(large),
                "--min-lines, --min-words",
            ),
            LeftOut(
                "simple functions: empty, one plain statement, or a constructor that only sets fields",
                len(large) - len(kept),
                "--simple",
            ),
            LeftOut(
                f"functions with fewer than {self.min_words} words, unless they are exact copies",
                sum(not self.compares(one) for one in kept),
                "--min-words",
            ),
        ]
        return counts if self.clones else counts[:1]

    def _is_simple(self, location: Location) -> bool:
        return self.clones and not self.simple and location.form in SIMPLE


DEFAULT_RULES = CloneRules()
