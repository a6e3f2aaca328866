"""Groups of functions with the same name in different projects: they often do the same (weak positives)."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from avatar.code.languages import family

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True)
class NameRules:
    """Which names say what a function does.

    A name that many projects have, such as `main`, `close` or `toString`, or that a project has many times, such as an
    overridden `visit`, says which part a function plays for its callers, not what it computes. So a name is used if it
    is in at least two projects, at most in `most_projects` of a language's projects (a share), and on average at most
    `most_repeated` times in each of them. One word alone rarely says enough: a name has at least `min_words` words.
    Tests are left out, and functions with fewer than `min_tokens` tokens: accessors.
    """

    most_projects: float = 0.2
    most_repeated: float = 4.0
    min_words: int = 2
    min_tokens: int = 30


@dataclass(frozen=True)
class Named:
    """What is needed of a function: its row, language, project, unqualified name and number of tokens."""

    row: int
    language: str
    project: str
    name: str
    tokens: int


def same_names(functions: Sequence[Named], rules: NameRules) -> Iterator[list[int]]:
    """Rows of the functions of each group, one or more per project, in order."""
    projects_of: dict[str, set[str]] = {}
    groups: dict[tuple[str, str], list[Named]] = {}
    for function in functions:
        language = family(function.language)
        projects_of.setdefault(language, set()).add(function.project)
        words = name_words(function.name)
        if function.tokens >= rules.min_tokens and len(words) >= rules.min_words:
            groups.setdefault((language, " ".join(words)), []).append(function)
    for (language, _), group in sorted(groups.items()):
        counts = Counter(function.project for function in group)
        most = max(2.0, rules.most_projects * len(projects_of[language]))
        if 2 <= len(counts) <= most and len(group) / len(counts) <= rules.most_repeated:
            yield [function.row for function in group]


def name_words(name: str) -> list[str]:
    """The words of an unqualified name in lower case: parseURL, parse_url and ParseUrl are equal."""
    return [word.lower() for word in _WORDS.findall(name)]
