"""Changes of valid inputs. Most inputs get few changes, so that what lies behind the first check is reached."""

import json
import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

T = TypeVar("T")

TRACED = False
"""Whether each random choice is one of hypothesis: slower, but atheris can change single choices."""


def randoms() -> SearchStrategy[Random]:
    """Random generators, of which a surface makes its inputs."""
    return st.randoms(use_true_random=not TRACED)


HUGE_NUMBER, DEEP_LIST = "@huge number@", "@deep list@"
"""Stand for values that `json.dumps` cannot write, and are replaced by them in `dumps`."""

SCALARS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    255,
    2**31,
    -(2**63),
    2**64,
    10**30,
    0.5,
    -0.0,
    1e-320,
    1e308,
    math.nan,
    math.inf,
    -math.inf,
    "",
    " ",
    "0",
    "nan",
    "a",
    "\0",
    "\ud800",
    "\u202e\x1b[31m",
    "é\u0301\U0001f600",
    "x" * 5_000,
    "../../etc/passwd",
    HUGE_NUMBER,
    DEEP_LIST,
)
CONTAINERS: tuple[Any, ...] = ([], {}, [[]], {"": None}, [None] * 3, {"a": {"b": []}})
PIECES = (b"", b"\0", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n", b'"', b"'", b"\\", b"{", b"[" * 50, b"\x80")
PIECES += (b"-1", b"9" * 30, b"NaN", b",", b"\t", b"\x1b[2J", "\u2028".encode(), b"\xed\xa0\x80", b"%s", b"${a}")


def few(random: Random) -> int:
    """How many changes an input gets: usually one or two."""
    return random.choice((0, 0, 0, 1, 1, 1, 1, 1, 2, 4))


def mutated(base: T, random: Random, change: Callable[[T, Random], T]) -> T:
    """`base` after a few changes."""
    for _ in range(few(random)):
        base = change(base, random)
    return base


def changed_json(tree: Any, random: Random) -> Any:
    """A JSON value with one node changed, in place where it is a container."""
    parent, key = _node(tree, random)
    if parent is None:
        return random.choice((*SCALARS, *CONTAINERS)) if random.random() < 0.3 else tree
    kind = random.choice((0, 1, 2, 3, 4, 4, 4, 4, 4, 5, 5))
    if kind == 0:
        parent[key] = _copy(random.choice(CONTAINERS))
    elif kind == 1:
        del parent[key]
    elif kind == 2 and isinstance(parent, list):
        parent.insert(random.randrange(len(parent) + 1), _copy(parent[key]))
    elif kind == 2:
        parent[random.choice((str(key) + "x", str(key).upper(), "", "type", "version"))] = _copy(parent[key])
    elif kind == 3:
        other, name = _node(tree, random)
        parent[key] = _copy(other[name]) if other is not None else [parent[key]]
    elif kind == 4:
        parent[key] = near(parent[key], random)
    else:
        parent[key] = random.choice(SCALARS)
    return tree


def near(value: Any, random: Random) -> Any:
    """A value of the same type, near `value`; of another type for an empty one."""
    if isinstance(value, bool) or value is None:
        return random.choice((not value, 0, 1, "true"))
    if isinstance(value, int):
        return random.choice((value + 1, value - 1, -value, value * 1000, value / 2, str(value), 0, bool(value)))
    if isinstance(value, float):
        return random.choice((-value, value * 1e30, value + 1, int(value) if math.isfinite(value) else 0, str(value)))
    if isinstance(value, str):
        return changed_text(value, random)
    if isinstance(value, list):
        return random.choice((value * 2, value[:-1], value[::-1], value[:1] * 300, dict.fromkeys(map(str, value))))
    if isinstance(value, dict):
        return random.choice(([*value.items()], [*value], dict([*value.items()][::-1]), dict([*value.items()][1:])))
    return value


def dumps(tree: Any) -> bytes:
    """JSON of a changed value, as Python writes it: NaN and halves of surrogate pairs are possible."""
    text = json.dumps(tree)
    if HUGE_NUMBER in text:
        text = text.replace(f'"{HUGE_NUMBER}"', "9" * 5_000)
    if DEEP_LIST in text:
        text = text.replace(f'"{DEEP_LIST}"', "[" * 20_000 + "]" * 20_000)
    return text.encode()


def changed_text(text: str, random: Random, words: Sequence[str] = ()) -> str:
    """A text with one part left out, doubled, moved, or replaced by a piece or by one of `words`."""
    start = random.randrange(len(text) + 1)
    end = min(len(text), start + random.choice((0, 1, 1, 3, 10, 100)))
    piece = (
        random.choice(words) if words and random.random() < 0.6 else random.choice(PIECES).decode("utf-8", "replace")
    )
    kind = random.randrange(5)
    if kind == 0:
        return text[:start] + text[end:]
    if kind == 1:
        return text[:end] + text[start:end] * random.choice((1, 2, 50)) + text[end:]
    if kind == 2:
        target = random.randrange(len(text) + 1)
        return text[:target] + text[start:end] + text[target:]
    return text[:start] + piece + text[end:] if kind == 3 else text[:start] + piece + text[start:]


def changed_bytes(content: bytes, random: Random) -> bytes:
    """Bytes with one part left out, doubled, flipped or replaced."""
    start = random.randrange(len(content) + 1)
    end = min(len(content), start + random.choice((1, 1, 1, 4, 8, 100)))
    kind = random.randrange(6)
    if kind == 0:
        return content[:start] + content[end:]
    if kind == 1:
        return content[:start]
    if kind == 2:
        return content[:end] + content[start:end] + content[end:]
    if kind == 3:
        return content[:start] + bytes(byte ^ 1 << random.randrange(8) for byte in content[start:end]) + content[end:]
    if kind == 4:
        return content[:start] + random.choice((b"\0", b"\xff", b"\x7f")) * (end - start) + content[end:]
    return content[:start] + random.choice(PIECES) + content[start:]


def _node(tree: Any, random: Random) -> tuple[Any, Any]:
    """A container and one of its keys, somewhere in `tree`; (None, None) if there is none."""
    node, parent, key = tree, None, None
    while isinstance(node, (list, dict)) and node and (parent is None or random.random() < 0.7):
        parent, key = node, random.choice([*node] if isinstance(node, dict) else range(len(node)))
        node = node[key]
    return parent, key


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(one) for key, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value
