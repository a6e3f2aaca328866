import time
from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.serve.scan import line_changes
from avatar.serve.scan.line_changes import changed_ranges

TEXTS = st.lists(st.sampled_from([b"a", b"b", b"c", b"d", b"", b"}"]), max_size=30)


def rows(ranges: list[tuple[int, int]]) -> set[int]:
    return {row for first, last in ranges for row in range(first, last + 1)}


def lines_of(text: bytes) -> list[bytes]:
    """The lines of a text; a line end at its end adds none. An empty text has no line, a single line end has one."""
    lines = text.split(b"\n")
    return lines if lines[-1] else lines[:-1]


@given(TEXTS, TEXTS, st.booleans())
def test_what_is_left_unchanged_is_in_the_old_text_in_this_order(
    old: list[bytes], new: list[bytes], with_anchors: bool
) -> None:
    """Every change is in a range, for any alignment; equal texts have no changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_changes, "EXACT", 0 if with_anchors else 10**9)
        ranges = changed_ranges(b"\n".join(old), b"\n".join(new))
    lines = lines_of(b"\n".join(new))
    kept = iter(b"\n".join(old).split(b"\n"))
    added = {row for first, last in ranges if last <= len(lines) for row in range(first, last + 1)}
    assert all(line in kept for row, line in enumerate(lines, start=1) if row not in added)
    assert (not ranges) == (lines_of(b"\n".join(old)) == lines)
    assert [first for first, _ in ranges] == sorted(first for first, _ in ranges)


@pytest.mark.parametrize(
    ("old", "new", "ranges"),
    [
        (b"a\nb\nc\n", b"a\nx\nc\n", [(2, 2)]),
        (b"a\nb\nc\n", b"a\nc\n", [(1, 2)]),
        (b"a\nb\n", b"a\nb", []),
        (b"", b"a\n", [(1, 1)]),
        (b"a\n", b"", [(0, 1)]),
        (b"+++ a\n@@ -1 +1 @@\n", b"+++ b\n@@ -1 +1 @@\n", [(1, 1)]),
        # a new function before one with the same decorator: the new decorator is the first
        (b"@t\na\n\n@t\nb\n", b"@t\na\n\n@t\nc\n\n@t\nb\n", [(4, 6)]),
        (b"@t\na\n\n@t\nc\n\n@t\nb\n", b"@t\na\n\n@t\nb\n", [(3, 4)]),
    ],
)
def test_changes_of_a_few_lines(old: bytes, new: bytes, ranges: list[tuple[int, int]]) -> None:
    assert changed_ranges(old, new) == ranges


def test_long_texts_of_few_different_lines_are_compared_quickly() -> None:
    """difflib alone takes minutes for this: each line is like a thousand others."""
    block = [b"int f%d() {" % 0, b"  a();", b"", b"}"]
    old = block * 6_000
    new = [*old[:10_000], b"  changed();", *old[10_000:13_000], *(b"  new%d();" % n for n in range(9)), *old[13_001:]]
    start = time.perf_counter()
    ranges = changed_ranges(b"\n".join(old), b"\n".join(new))
    assert time.perf_counter() - start < 5
    assert {10_001, *range(13_002, 13_011)} <= rows(ranges)


def test_small_changes_are_those_of_difflib() -> None:
    old = [b"line %d" % number for number in range(3_000)]
    new = [line for number, line in enumerate(old) if number % 501] + [b"last"]
    new[1_000:1_000] = [b"x", b"y"]
    expected: set[int] = set()
    for kind, _, _, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind in ("insert", "replace"):
            expected |= set(range(first + 1, last + 1))
        elif kind == "delete":
            expected |= {first, first + 1}
    assert rows(changed_ranges(b"\n".join(old), b"\n".join(new))) == expected
