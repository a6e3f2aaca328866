"""Renames a function's own variables."""

from collections.abc import Iterable, Sequence
from random import Random

from avatar.code.naming import fresh_names
from avatar.code.parsing import parse
from avatar.code.variables import variables


def rename_identifiers(
    code: str, language: str, random: Random, *, names: Sequence[str] = (), function_name: bool = False
) -> str:
    """`code` with new names for its parameters and local variables, each the same in all its places.

    Fields, methods, types, labels, globals and keywords stay, and so does a local name that may mean one of
    these anywhere. `function_name`: the outermost function gets a new name too, unless the code mentions it
    again. New names come from `names`, else from a list of common words. Code with syntax errors, or longer
    than `parsing.MAX_BYTES`, is returned as it is. The same arguments give the same text.

    Not seen: macros that use a variable which is not among their arguments, and a local variable that an
    inherited field of an anonymous Java class shadows.
    """
    parsed = parse(code, language)
    if parsed is None:
        return code
    found = variables(parsed)
    places = dict(found.places)
    if function_name and found.function is not None:
        name, start = found.function
        places.setdefault(name, [start])
    if not places:
        return code
    taken = {word.decode() for word in found.words}
    fresh = fresh_names(len(places), language, taken, random, names)
    spans = [
        (start, len(old), new.encode())
        for (old, starts), new in zip(places.items(), fresh, strict=True)
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
    """Names of local variables and parameters, sorted, each once for every function that has it.

    Drawn from this list, as `rename_identifiers` does, a name is as common as it is in `codes`.
    """
    found: list[str] = []
    for code in codes:
        parsed = parse(code, language)
        if parsed is not None:
            found += [name.decode() for name in variables(parsed).places]
    return sorted(found)
