"""Which functions are compared: small and simple ones look alike without being worth merging.

Scan, hook, editor and HTTP use the same rules. Nothing is left out in silence: a report counts it, with the option
that shows it. docs/left_out.md says why, with measurements.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from avatar.code.function_forms import SIMPLE, Form
from avatar.serve.scan.findings import LeftOut, Location

MIN_LINES = 5
MIN_WORDS = 50
MIN_WORDS_EXACT = 30
MIN_WORDS_SUSPICIOUS = 20
"""Default sizes of functions, in lines of code and in words: names, numbers and signs. jscpd's default is 50 tokens."""

_LOOKALIKES = frozenset({Form.STRAIGHT, Form.STANDARD})


@dataclass(frozen=True)
class CloneRules:
    """What counts as a clone.

    Functions below `min_lines` lines of code or `min_words_exact` words are left out; those below `min_words` words
    are only reported as exact copies. `simple`: functions of the forms `SIMPLE` are compared too, and those of straight
    code or with a standard name also if they differ in more than names. `tests`: groups of tests only are reported.
    """

    min_lines: int = MIN_LINES
    min_words: int = MIN_WORDS
    min_words_exact: int = MIN_WORDS_EXACT
    simple: bool = False
    tests: bool = False

    @property
    def least_words(self) -> int:
        """Functions with fewer words are left out."""
        return min(self.min_words, self.min_words_exact)

    def keeps(self, location: Location) -> bool:
        """Whether the function takes part at all."""
        return self._is_large(location) and (self.simple or location.form not in SIMPLE)

    def compares(self, location: Location) -> bool:
        """Whether a function that takes part is compared; if not, only its exact copies count."""
        return location.words >= self.min_words

    def is_lookalike(self, location: Location) -> bool:
        """Whether the function is only a clone of another such function if they are the same but for names."""
        return not self.simple and location.form in _LOOKALIKES

    def left_out(self, locations: Sequence[Location]) -> list[LeftOut]:
        """How many of `locations` are left out or compared with their copies only, and what shows them."""
        large = [one for one in locations if self._is_large(one)]
        kept = [one for one in large if self.keeps(one)]
        small = f"functions with fewer than {self.min_lines} lines or {self.least_words} words"
        return [
            LeftOut(small, len(locations) - len(large), "--min-lines, --min-words-exact"),
            LeftOut(
                "simple functions (empty, one plain statement, or a constructor that only sets fields)",
                len(large) - len(kept),
                "--simple",
            ),
            LeftOut(
                f"functions with fewer than {self.min_words} words, except exact copies",
                sum(not self.compares(one) for one in kept),
                "--min-words",
            ),
        ]

    @classmethod
    def for_task(
        cls, arity: int, min_lines: int, min_words: int | None, min_words_exact: int, simple: bool, tests: bool
    ) -> "CloneRules":
        """The rules of a student: one of pairs (`arity` 2) finds clones, and only for clones do all rules apply."""
        if arity == 2:
            return cls(min_lines, MIN_WORDS if min_words is None else min_words, min_words_exact, simple, tests)
        least = MIN_WORDS_SUSPICIOUS if min_words is None else min_words
        return cls(min_lines, least, least, simple=True, tests=True)

    def _is_large(self, location: Location) -> bool:
        return location.code_lines >= self.min_lines and location.words >= self.least_words


DEFAULT_RULES = CloneRules()
