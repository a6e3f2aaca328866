"""Which functions are tests or examples, by the names of their file, its folders, and the function itself."""

import re
from functools import lru_cache
from pathlib import PurePosixPath

from avatar.code.languages.base import words
from avatar.serve.scan.findings import Location

_WORDS = words(
    "test tests spec specs e2e unittest unittests testsuite testdata fixture fixtures examples samples demos"
)
"""Words of folder names, such as in `androidTest`, `tool-tests` and `Parser.Tests`.

Not `example`: many packages in Java begin with com.example.
"""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z\d]+")
_FILE = re.compile(
    r"^test_|^(conftest|tests?)\.\w+$|[-_.](unit)?(test|spec)s?\.\w+$|[a-z\d](Tests?|TestCase|Spec)\.\w+$"
)
_MACRO = re.compile(r"(TYPED_)?TEST(_\w+)?|BOOST_(AUTO|FIXTURE)_TEST_CASE")
"""Functions that macros of C++ test frameworks declare."""


def is_test(location: Location) -> bool:
    """Whether a function is part of a test or an example; `location.file` is relative to the scanned folder."""
    if is_test_file(location.file):
        return True
    *scopes, name = re.split(r"::|\.", location.name)
    if location.language == "rust" and not {"test", "tests"}.isdisjoint(scopes):
        return True  # Rust's unit tests are modules of the tested file
    return _MACRO.fullmatch(name) is not None


@lru_cache(maxsize=10_000)
def is_test_file(name: str) -> bool:
    """Whether a path, relative to the scanned folder, is that of a test or an example."""
    path = PurePosixPath(name)
    if _FILE.search(path.name):
        return True
    return any(word.lower() in _WORDS for folder in path.parts[:-1] for word in _WORD.findall(folder))
