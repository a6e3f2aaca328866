"""Text from outside, such as the name of a file, made safe to print."""

import re

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # control characters; terminals obey some of them
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # line ends, and characters that change the order of letters
    "\ud800-\udfff]"  # bytes of a file name that is not UTF-8
)
_UNSAFE_IN_LINES = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))


def printable(text: str, lines: bool = False) -> str:
    """`text` with escapes (`\\x1b`) for what would change the screen; with `lines`, line ends and tabs stay."""
    return (_UNSAFE_IN_LINES if lines else _UNSAFE).sub(_escape, text)


def printable_json(content: str) -> str:
    """JSON with the same value, and escapes (`\\u001b`) for what would change the screen."""
    return _UNSAFE_IN_LINES.sub(lambda match: f"\\u{ord(match[0]):04x}", content)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(match[0], f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
