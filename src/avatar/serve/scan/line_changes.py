"""Lines of a text that are new or changed compared with an older text."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

Range = tuple[int, int]
"""First and last line, counted from 1, both included."""

EXACT = 250_000
"""Largest product of line counts for difflib. Larger texts are first split at lines that both have exactly once."""

_Block = tuple[int, int, int]
"""Start in the old lines, start in the new lines, number of equal lines."""


def changed_ranges(old: bytes, new: bytes) -> list[Range]:
    """Ranges of lines of `new` that are not in `old`, in order. For deleted lines, the two lines around them.

    A line end at the end of the text is no change. Every change is in a range; if the texts differ much, an equal
    line may be in a range too.
    """
    before, after = _lines(old), _lines(new)
    ranges: list[Range] = []
    row_old = row_new = length = 0
    for start_old, start_new, size in [*_equal_blocks(before, after), (len(before), len(after), 0)]:
        if start_new > row_new and start_old > row_old:
            ranges.append((row_new + 1, start_new))
        elif start_new > row_new:
            shift = _shift(after, row_new, start_new, length)
            ranges.append((row_new + 1 - shift, start_new - shift))
        elif start_old > row_old:
            shift = _shift(before, row_old, start_old, length)
            ranges.append((row_new - shift, row_new + 1 - shift))
        row_old, row_new, length = start_old + size, start_new + size, size
    return ranges


def _lines(text: bytes) -> list[bytes]:
    lines = text.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _shift(lines: Sequence[bytes], start: int, stop: int, most: int) -> int:
    """How many lines to move the inserted or deleted block `start`:`stop` up, to begin or end at a blank line.

    Example: a new function before one with the same decorator. Without the move, the decorator of the old
    function would count as new.
    """
    for shift in range(min(most, start) + 1):
        if shift and lines[start - shift] != lines[stop - shift]:
            break
        if not lines[stop - shift - 1].strip() or (start > shift and not lines[start - shift - 1].strip()):
            return shift
    return 0


def _equal_blocks(old: Sequence[bytes], new: Sequence[bytes]) -> list[_Block]:
    """Blocks of equal lines, in order and without overlap."""
    blocks: list[_Block] = []
    pending = [(0, len(old), 0, len(new))]
    while pending:
        old_from, old_to, new_from, new_to = pending.pop()
        size = 0
        while old_from + size < old_to and new_from + size < new_to and old[old_from + size] == new[new_from + size]:
            size += 1
        blocks.append((old_from, new_from, size))
        old_from, new_from = old_from + size, new_from + size
        size = 0
        while (
            old_to - size > old_from and new_to - size > new_from and old[old_to - size - 1] == new[new_to - size - 1]
        ):
            size += 1
        old_to, new_to = old_to - size, new_to - size
        blocks.append((old_to, new_to, size))
        if old_from == old_to or new_from == new_to:
            continue
        if (old_to - old_from) * (new_to - new_from) <= EXACT:
            matcher = SequenceMatcher(None, old[old_from:old_to], new[new_from:new_to], autojunk=False)
            blocks += [(old_from + a, new_from + b, n) for a, b, n in matcher.get_matching_blocks()]
            continue
        anchors = list(_anchors(old[old_from:old_to], new[new_from:new_to]))
        row_old, row_new = old_from, new_from
        for a, b in anchors:
            pending.append((row_old, old_from + a, row_new, new_from + b))
            blocks.append((old_from + a, new_from + b, 1))
            row_old, row_new = old_from + a + 1, new_from + b + 1
        if anchors:
            pending.append((row_old, old_to, row_new, new_to))
    return _merged(blocks)


def _anchors(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """The longest ascending series of lines that both have exactly once (patience diff)."""
    once_old = {line for line, count in Counter(old).items() if count == 1}
    row_of = {line: row for row, line in enumerate(old) if line in once_old}
    once_new = {line for line, count in Counter(new).items() if count == 1}
    pairs = [(row_of[line], row) for row, line in enumerate(new) if line in once_new and line in row_of]
    tails: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (row, _) in enumerate(pairs):
        index = bisect_left(tails, row)
        before.append(last[index - 1] if index else -1)
        tails[index : index + 1] = [row]
        last[index : index + 1] = [number]
    series = []
    number = last[-1] if last else -1
    while number >= 0:
        series.append(pairs[number])
        number = before[number]
    yield from reversed(series)


def _merged(blocks: list[_Block]) -> list[_Block]:
    merged: list[_Block] = []
    for old, new, size in sorted(block for block in blocks if block[2]):
        if merged and merged[-1][0] + merged[-1][2] == old and merged[-1][1] + merged[-1][2] == new:
            merged[-1] = (merged[-1][0], merged[-1][1], merged[-1][2] + size)
        else:
            merged.append((old, new, size))
    return merged
