"""Hides C++ macros that the grammar cannot parse: replaces them by blanks of the same length; line ends stay.

A macro is recognised by its position, where C++ allows nothing else: a second word between `class` and the class's
name, a word after `public`, a word in capitals alone on its line. The macros of Qt, LLVM, Chromium, Unreal, wxWidgets
and others have these forms, so no list of names is needed.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

Span = tuple[int, int]

_ARGUMENTS = rb"\((?:[^()\"]|\"(?:\\.|[^\"\\])*+\"|\((?:[^()]|\((?:[^()]|\([^()]*+\))*+\))*+\))*+\)"
_COMMENT = rb"//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)"
_GAP = rb"(?:\s|//[^\n]*+|/\*(?:[^*]|\*(?!/)){0,200}+\*/)*+"
_CAPITALS = rb"[a-z]{0,3}[A-Z_][A-Z0-9_]{2,}+(?!\w)"
_VISIBLE = re.compile(rb"\\(?!\r?\n)|[^\n\r\\]")
_BLANKS = bytes(code if code in b"\n\r" else 32 for code in range(256))

_WORD = rb"(?:\[\[[^\]]{0,200}+\]\]|(?:::)?[A-Za-z_]\w*+(?:::\w++)*+(?:\s*+" + _ARGUMENTS + rb")?+)"
_WORDS = re.compile(_WORD)
_HEAD = rb"\s(\s*+(?:" + _WORD + rb"\s*+){2,6})(?:<[^{};]{0,500}>\s*+)?" + _GAP + rb"(\{|:(?!:))"
_CLASS, _STRUCT = re.compile(rb"class" + _HEAD), re.compile(rb"struct" + _HEAD)
_LIKE_A_MACRO = re.compile(_CAPITALS + rb"|\w+_(?:EXPORTS?|API|DLL|LOCAL)(?!\w)|__\w+__(?!\w)")
_READABLE = (b"[[", b"__attribute__", b"__declspec", b"alignas")
_LAST = re.compile(rb"(?:final|sealed|abstract|(?:\w+_)?FINAL|\w+_OVERRIDE)\Z")

_LINE = re.compile(
    rb"\n[ \t]*+(?:(?P<macro>" + _CAPITALS + rb")(?=[ \t]*+(?:[\r\n(/:]|\Z))"
    rb"|(?:public|private|protected)[ \t]+(?P<slots>\w+)[ \t]*:(?!:)"
    rb"|(?P<signals>signals[ \t]*:(?!:))"
    rb"|(?:inline[ \t]+)?namespace\s++(?P<space>(?:" + _WORD + rb"\s*+){2,5})\{)"
)
_QT = re.compile(rb"\bQ_(?:OBJECT|GADGET)\b")
_SIGNALS = re.compile(rb"[ \t]*:(?!:)")
_MACRO_CALL = re.compile(_CAPITALS + rb"(?:[ \t]*" + _ARGUMENTS + rb")?")
_REST_OF_LINE = re.compile(rb"(?:[ \t]|/\*(?:[^*\n]|\*(?!/))*\*/)*+(?://[^\n]*+)?\r?(?=\n|\Z)")
_SKIPPED = re.compile(rb"(?:\s|" + _COMMENT + rb"|#(?:[^\n\\]|\\\r?\n|\\.)*+)*+")
_STARTS_DECLARATION = re.compile(rb"[}~\w]|\[\[|::|\Z")
_AFTER_HEAD = re.compile(rb"(?:const|noexcept|override|final|try|throw|requires|volatile|mutable)\b")
_CALLED = re.compile(
    rb"(?:::\s*)?(?:[A-Za-z_]\w*(?:<[^;{}()]{0,500}>)?\s*::\s*){0,8}(?P<name>~?[A-Za-z_]\w*|operator\s*[^\s\w(]+)\s*\("
)
_KEYWORDS = frozenset(b"alignas decltype explicit requires sizeof static_assert typeid noexcept".split())
_NAMED = (re.compile(rb"class\s[\w\s]{1,200}"), re.compile(rb"struct\s[\w\s]{1,200}"))
_SECTION = re.compile(rb"Q_|\w*(?:BEGIN|END|OPEN|CLOSE)_|\w+_(?:BEGIN|END)\b")
"""Macros that are never a type."""

_TRAILING = re.compile(
    rb"\)\s*(?:(?:const|volatile|override|final|noexcept|&&?)\s*)*+"
    rb"(?P<macros>(?:[A-Z_][A-Z0-9_]{2,}+(?!\w)(?:\s*" + _ARGUMENTS + rb")?+\s*){1,4})(?:(?:const|override|final)\s*)*+"
    rb"(?P<end>\{|:(?!:))"
)


def hide_macros(content: bytes) -> bytes:
    """C++ without macros that the grammar cannot parse; `content` itself if there are none."""
    spans = [*_in_heads(content), *_on_lines(content), *_after_parameters(content)]
    if not spans:
        return content
    hidden = bytearray(content)
    for start, end in spans:
        hidden[start:end] = _blank(content[start:end])
    return bytes(hidden)


def _blank(text: bytes) -> bytes:
    return _VISIBLE.sub(b" ", text) if b"\\" in text else text.translate(_BLANKS)


def _in_heads(content: bytes) -> Iterator[Span]:
    """`class EXPORT Name : Base {`, `struct Name FINAL {`."""
    for pattern in (_CLASS, _STRUCT):
        for match in pattern.finditer(content):
            start = match.start()
            before = _line_before(content, start)
            if before[-1:].isalnum() or before.endswith(b"_") or _is_remark(content, start, before):
                continue
            inherits = match[2] == b":" and not before.rstrip().endswith(b"(")
            sure = pattern is _CLASS or inherits
            yield from _but_the_name(content, match.span(1), lambda text, sure=sure: sure or _is_like_a_macro(text))  # type: ignore[misc]


def _is_like_a_macro(text: bytes) -> bool:
    return _LIKE_A_MACRO.match(text) is not None


def _but_the_name(content: bytes, span: Span, may_go: Callable[[bytes], bool]) -> Iterator[Span]:
    """Spans of the words between a keyword and a brace that are not the name; none if this is uncertain."""
    words = [(match[0], match.span()) for match in _WORDS.finditer(content[slice(*span)])]
    names = [row for row, (text, _) in enumerate(words) if not text.endswith((b")", b"]")) and not _LAST.match(text)]
    if not names:
        return
    ordinary = [row for row in names if not _LIKE_A_MACRO.fullmatch(words[row][0])]
    name = (ordinary or names)[-1]
    removed = [
        (text, offsets)
        for row, (text, offsets) in enumerate(words)
        if row != name and not text.startswith(_READABLE) and text not in (b"final", b"sealed", b"abstract")
    ]
    if all(_is_like_a_macro(text) or (may_go(text) and not text.endswith(b")")) for text, _ in removed):
        yield from ((span[0] + start, span[0] + end) for _, (start, end) in removed)


def _line_before(content: bytes, start: int) -> bytes:
    """The text before `start` on its line, at most 500 bytes."""
    low = max(0, start - 500)
    return content[max(low, content.rfind(b"\n", low, start) + 1) : start]


def _is_remark(content: bytes, start: int, before: bytes) -> bool:
    """Whether `start` is in a comment; `before` is the text before it on its line."""
    if b"//" in before:
        return True
    low = max(0, start - _LONGEST_COMMENT)
    return content.rfind(b"/*", low, start) > content.rfind(b"*/", low, start)


_LONGEST_COMMENT = 4_000


@dataclass(slots=True)
class _Line:
    """Macros that fill a line, the offset of the code that follows, and whether they can be hidden."""

    start: int
    end: int
    following: int
    fits: bool = False


def _on_lines(content: bytes) -> Iterator[Span]:
    """`Q_OBJECT` and similar macros alone on a line, `public slots:`, `signals:`, `namespace a VISIBLE {`."""
    lines: list[_Line] = []
    for match in _LINE.finditer(b"\n" + content):
        kind = match.lastgroup or ""
        start, end = match.start(kind) - 1, match.end(kind) - 1
        if kind == "macro":
            label = _SIGNALS.match(content, end)
            if label and content[start:end] == b"Q_SIGNALS":
                yield start, label.end()
            elif not lines or start >= lines[-1].following:  # else it is in a comment or a directive
                filled = _filled(content, start)
                if filled is not None:
                    lines.append(_Line(start, filled, _skip(content, filled)))
        elif kind == "space":
            yield from _but_the_name(content, (start, end), _is_like_a_macro)
        else:
            yield start, end
    if b"Q_OBJECT" in content or b"Q_GADGET" in content:
        yield from (match.span() for match in _QT.finditer(content))
    classes = cache(lambda: _classes(content))
    for row in reversed(range(len(lines))):
        lines[row].fits = _fits(content, lines, row, classes)
    hidden = -1
    for line in lines:
        if line.fits and (hidden == _ended(content, line.start) or _begins(content, line.start)):
            yield line.start, line.end
            hidden = line.end


def _filled(content: bytes, start: int) -> int | None:
    """The end of the macros that begin at `start`, if they fill the rest of their line."""
    end = start
    while match := _MACRO_CALL.match(content, end):
        end = match.end()
        if _REST_OF_LINE.match(content, end):
            return end
        while content[end : end + 1] in (b" ", b"\t"):
            end += 1
    return None


def _skip(content: bytes, start: int) -> int:
    """Offset of the first code after blanks, comments and directives."""
    skipped = _SKIPPED.match(content, start)
    return start if skipped is None else skipped.end()


def _fits(content: bytes, lines: list[_Line], row: int, classes: Callable[[], frozenset[bytes]]) -> bool:
    """Whether a line of macros is followed by a complete declaration."""
    line = lines[row]
    following = line.following
    if row + 1 < len(lines) and lines[row + 1].start == following:
        return lines[row + 1].fits
    if not _STARTS_DECLARATION.match(content, following):
        return False
    with_arguments = content[line.end - 1 : line.end] == b")"
    if with_arguments and _AFTER_HEAD.match(content, following):
        return False  # the head of a function, not a macro
    called = _CALLED.match(content, following)
    if called is None or called["name"] in _KEYWORDS:
        return True
    name = called["name"].removeprefix(b"~")  # a function without a type: a constructor, or the macro is the type
    return bool(_SECTION.match(content, line.start)) or (with_arguments and name.isupper()) or name in classes()


def _classes(content: bytes) -> frozenset[bytes]:
    """The words after `class` and `struct`, the names of classes among them."""
    heads = (match[0] for pattern in _NAMED for match in pattern.finditer(content))
    return frozenset(word for head in heads for word in head.split())


def _ended(content: bytes, start: int) -> int:
    """Offset of the end of the text before `start`, without trailing blanks."""
    return len(content[:start].rstrip()) if start < 200 else start - 200 + len(content[start - 200 : start].rstrip())


def _begins(content: bytes, start: int) -> bool:
    """Whether a declaration may begin at `start`: the code before it is complete, or there is none."""
    end = start
    while True:
        end = content.rfind(b"\n", 0, end)
        if end < 0:
            return True
        line = content[content.rfind(b"\n", 0, end) + 1 : end].strip()
        if line.endswith(b"*/"):
            end = content.rfind(b"/*", 0, end)
            if end < 0:
                return True
            line = content[content.rfind(b"\n", 0, end) + 1 : end].strip()
        elif line.startswith(b"#") or line.endswith(b"\\"):
            return True
        line = line.partition(b"//")[0].rstrip()
        if line:
            return line.endswith((b";", b"{", b"}", b":", b">"))


def _after_parameters(content: bytes) -> Iterator[Span]:
    """`void f() const LOCKED(lock) {`."""
    for match in _TRAILING.finditer(content):
        if match["end"] == b"{" or b"?" not in _line_before(content, match.start()):
            yield match.span("macros")
