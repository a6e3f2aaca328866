"""Renames a function's own variables."""

from collections.abc import Iterable, Sequence
from random import Random

from avatar.code.naming import fresh_names
from avatar.code.parsing import parse
from avatar.code.variables import variables


def rename_identifiers(
    code: str, language: str, random: Random, *, names: Sequence[str] = (), function_name: bool = False
) -> str:
    """`code` with new names for its parameters and local variables; all occurrences of a name change together.

    Fields, methods, types, labels, globals and keywords are not renamed, nor is a local name that may also mean one
    of these. `function_name`: the outermost function gets a new name too, unless the code mentions it again. New
    names come from `names`, or by default from a list of common words. Code with syntax errors, or longer than
    `parsing.MAX_BYTES`, is returned unchanged. The same arguments give the same text.

    Not detected: macros that use a variable which is not one of their arguments, and a local variable that is
    shadowed by an inherited field of an anonymous Java class.
    """
    parsed = parse(code, language)
    if parsed is None:
        return code
    result = variables(parsed)
    occurrences = dict(result.places)
    if function_name and result.function is not None:
        name, start = result.function
        occurrences.setdefault(name, [start])
    if not occurrences:
        return code
    taken = {word.decode() for word in result.words}
    fresh = fresh_names(len(occurrences), language, taken, random, names)
    spans = [
        (start, len(old), new.encode())
        for (old, starts), new in zip(occurrences.items(), fresh, strict=True)
        for start in starts
    ]
    return parsed.unwrap(_replaced(parsed.source, spans))


def _replaced(source: bytes, spans: Iterable[tuple[int, int, bytes]]) -> bytes:
    parts: list[bytes] = []
    end = 0
    for start, length, new in sorted(spans):
        parts += (source[end:start], new)
        end = start + length
    return b"".join((*parts, source[end:]))


def harvest_names(codes: Iterable[str], language: str) -> list[str]:
    """Names of local variables and parameters, sorted; each name once for every function that has it.

    So a random name from this list, as `rename_identifiers` draws it, is as common as it is in `codes`.
    """
    names: list[str] = []
    for code in codes:
        parsed = parse(code, language)
        if parsed is not None:
            names += [name.decode() for name in variables(parsed).places]
    return sorted(names)
