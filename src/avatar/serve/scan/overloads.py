"""Distinguishes functions of one name in a file without line numbers."""

import re
from collections import Counter
from collections.abc import Sequence

from avatar.code.functions import SourceFunction

MOST_CHARACTERS = 200
"""Longest text of parameters; the rest is cut."""


def overloads(functions: Sequence[SourceFunction]) -> list[str]:
    """For each function of a file: empty if its name is unique in the file, else its parameters.

    If these are equal too (`#if` and `#else`), a number is added, in the order of the file.
    """
    names = Counter(function.name for function in functions)
    seen: Counter[tuple[str, str]] = Counter()
    results = []
    for function in functions:
        if names[function.name] == 1:
            results.append("")
            continue
        text = parameters(function)
        seen[function.name, text] += 1
        number = seen[function.name, text]
        results.append(text if number == 1 else f"{text} {number}")
    return results


def parameters(function: SourceFunction) -> str:
    """The text in parentheses after the function's name, parentheses included; the first line if there are none."""
    name = re.split(r"::|\.", function.name)[-1]
    pattern = r"\s*".join(map(re.escape, re.findall(r"\w+|\S", name)))
    match = re.search(rf"(?<!\w){pattern}\s*(?=\()", function.text)
    if match is None:
        return " ".join(function.text.partition("\n")[0].split())[:MOST_CHARACTERS]
    depth = 0
    for end in range(match.end(), len(function.text)):
        depth += {"(": 1, ")": -1}.get(function.text[end], 0)
        if depth == 0:
            break
    return " ".join(function.text[match.end() : end + 1].split())[:MOST_CHARACTERS]
