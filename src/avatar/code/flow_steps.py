"""The data flow of a function as steps (uses, writes, branches, loops), and the edges that follow from them.

A loop is read as if its body ran twice, so that a value of one round reaches the next. The steps of a body are not
executed twice for that, which would take 2^depth times: the sets of possible sources only grow, so one execution with
the union of both rounds' sets gives the same edges.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

COMES, COMPUTED = "comesFrom", "computedFrom"
"""How a variable has its value: the same value, or a new one."""

MAX_STEPS = 1_000_000
"""Steps, and sources in them, after which a function is given up. An ordinary function needs a few thousand."""


class TooManySteps(Exception):
    """A function's data flow needs more than `MAX_STEPS`."""


class Step(Protocol):
    """One step of a function."""

    def run(self, flow: "Flow") -> None:
        """Change the known sources of the variables, and record edges."""


@dataclass(slots=True)
class Edges:
    """The sources (indices of tokens, ascending) of token `index`. Inside loops `merged`: all of one kind together."""

    index: int
    kind: str
    sources: list[int]
    merged: bool


class Flow:
    """The state of one execution: for each name, the tokens that its value may come from.

    `states[name]` are the tokens, ascending, and whether the name may still be unknown in the first round of a loop.
    A name that is unknown has no entry.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.edges: list[Edges] = []
        self.states: dict[str, tuple[tuple[int, ...], bool]] = {}
        self._before: list[tuple[str, tuple[tuple[int, ...], bool] | None]] = []
        self._merged: dict[tuple[int, str], Edges] = {}
        self._loops = 0
        self._silent = 0
        self._left = MAX_STEPS

    def write(self, name: str, sources: tuple[int, ...], unknown: bool = False) -> None:
        """The value of `name` now comes from these tokens."""
        self._before.append((name, self.states.get(name)))
        self.states[name] = sources, unknown

    def spend(self, steps: int) -> None:
        """Count steps."""
        self._left -= steps
        if self._left < 0:
            raise TooManySteps

    def record(self, index: int, kind: str, sources: Sequence[int]) -> None:
        """Add edges from `sources` to token `index`."""
        self.spend(1 + len(sources))
        if self._silent:
            return
        if not self._loops:
            self.edges.append(Edges(index, kind, list(sources), merged=False))
            return
        known = self._merged.get((index, kind))
        if known is None:
            self._merged[index, kind] = known = Edges(index, kind, [], merged=True)
            self.edges.append(known)
        known.sources = sorted({*known.sources, *sources})

    def run(self, steps: Iterable[Step]) -> None:
        """Execute steps in order."""
        for step in steps:
            step.run(self)

    def branch(self, steps: Iterable[Step]) -> dict[str, tuple[tuple[int, ...], bool]]:
        """Execute steps, take their effect back, and return the states that they changed."""
        start = len(self._before)
        self.run(steps)
        changed = {name: self.states[name] for name, _ in self._before[start:]}
        while len(self._before) > start:
            name, before = self._before.pop()
            if before is None:
                del self.states[name]
            else:
                self.states[name] = before
        return changed

    def dry_run(self, steps: Iterable[Step]) -> dict[str, tuple[tuple[int, ...], bool]]:
        """Like `branch`, without edges."""
        self._silent += 1
        changed = self.branch(steps)
        self._silent -= 1
        return changed

    def loop(self, first: Iterable[Step], body: Sequence[Step]) -> None:
        """Execute `first` once and `body` twice; the edges of each token are merged."""
        self._loops += 1
        self.run(first)
        if not self._silent:  # in a dry run, the second round would change nothing
            for name, (sources, _) in self.dry_run(body).items():
                before, unknown = self.states.get(name, ((), True))
                self.write(name, self.union([before, sources]), unknown)
        self.run(body)
        self._loops -= 1

    def union(self, sets: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
        """All tokens of `sets`, ascending."""
        distinct = set(sets)
        if len(distinct) == 1:
            return distinct.pop()
        self.spend(sum(map(len, distinct)))
        return tuple(sorted({index for indices in distinct for index in indices}))


@dataclass(slots=True)
class Use:
    """Token `index` reads the variable of its name. If that is unknown, it `declares` it, or nothing is known of it.

    `silent`: a name that is unknown is no variable, so it is not recorded either.
    """

    index: int
    declares: bool
    silent: bool = False

    def run(self, flow: Flow) -> None:
        """Record where the value may come from."""
        name = flow.texts[self.index]
        state = flow.states.get(name)
        if state is None:
            if self.declares or not self.silent:
                flow.record(self.index, COMES, ())
            if self.declares:
                flow.write(name, (self.index,))
            return
        sources, unknown = state
        flow.record(self.index, COMES, sources)
        if unknown and self.declares:
            flow.write(name, flow.union([sources, (self.index,)]))


@dataclass(slots=True)
class Write:
    """Tokens `targets` get values of the tokens `sources`.

    `joined`: all sources of a target are one entry, also if there are none; otherwise, each source is an entry.
    """

    targets: Sequence[int]
    sources: Sequence[int]
    kind: str
    joined: bool = False

    def run(self, flow: Flow) -> None:
        """Record an edge from each source to each target; the targets' names have new values."""
        for target in self.targets:
            if self.joined:
                flow.record(target, self.kind, self.sources)
            else:
                for source in self.sources:
                    flow.record(target, self.kind, (source,))
            flow.write(flow.texts[target], (target,))


@dataclass(slots=True)
class Branch:
    """Parts of which one runs, or none if `may_skip`."""

    parts: Sequence[Sequence[Step]]
    may_skip: bool

    def run(self, flow: Flow) -> None:
        """Execute each part from the state before; afterwards a value may come from any of them."""
        ends = [flow.branch(part) for part in self.parts]
        for name in dict.fromkeys(name for end in ends for name in end):
            before = flow.states.get(name)
            possible = [end.get(name, before) for end in ends]
            if self.may_skip:
                possible.append(before)
            known = [state for state in possible if state is not None]
            flow.write(name, flow.union(sources for sources, _ in known), all(unknown for _, unknown in known))


@dataclass(slots=True)
class Loop:
    """`first` runs once, then `body` again and again."""

    first: Sequence[Step]
    body: Sequence[Step]

    def run(self, flow: Flow) -> None:
        """Execute the loop."""
        flow.loop(self.first, self.body)
