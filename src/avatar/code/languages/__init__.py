"""The programming languages that can be parsed. Every module in this folder is loaded, and registers one."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from avatar.code.languages.base import LANGUAGES, Language

__all__ = ["LANGUAGES", "Language", "family", "language_of_file", "suffix_of_editor", "suffixes", "titles"]

for _module in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")


@cache
def suffixes() -> dict[str, str]:
    """The language of each file suffix. A suffix of two languages is a ValueError."""
    known: dict[str, str] = {}
    for name in LANGUAGES:
        for suffix in LANGUAGES.get(name).suffixes:
            if known.setdefault(suffix, name) != name:
                raise ValueError(f"the suffix {suffix} belongs to {known[suffix]} and to {name}")
    return known


def language_of_file(name: str) -> str | None:
    """The language of a file by its suffix; None if no registered language has it."""
    dot = name.rfind(".")
    return suffixes().get(name[dot:].lower()) if dot >= 0 else None


def suffix_of_editor(language_id: str) -> str:
    """The usual file suffix of an editor's language id; empty if no registered language has that id."""
    for name in LANGUAGES:
        language = LANGUAGES.get(name)
        if language_id in language.editor_ids:
            return language.suffixes[0]
    return ""


def family(name: str) -> str:
    """The family of a language. Functions of one family are compared with each other: C and C++ share headers."""
    return LANGUAGES.get(name).family or name


def titles() -> str:
    """All languages as part of a sentence, such as "C, Java and Python"."""
    known = sorted(LANGUAGES.get(name).title for name in LANGUAGES)
    return " and ".join(filter(None, (", ".join(known[:-1]), known[-1])))
