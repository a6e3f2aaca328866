"""Warnings about languages that a student was not trained on."""

from collections.abc import Iterable

from avatar.bundle import BundleConfig
from avatar.code.languages import LANGUAGES


def language_warnings(config: BundleConfig, languages: Iterable[str | None]) -> tuple[str, ...]:
    """One sentence for each of `languages` that the student was not trained on; none if its languages are unknown."""
    if not config.languages:
        return ()
    trained = " and ".join(map(title, config.languages))
    foreign = sorted({name for name in languages if name is not None} - set(config.languages))
    return tuple(
        f"this student was trained on {trained}, not on {title(name)}: its predictions for {title(name)} may be wrong"
        for name in foreign
    )


def only_language(config: BundleConfig) -> str | None:
    """The student's language if it was trained on exactly one, and that is registered; else None."""
    known = [name for name in config.languages if name in LANGUAGES.names()]
    return known[0] if len(known) == len(config.languages) == 1 else None


def title(name: str) -> str:
    """The language's name for sentences, such as C++; `name` itself if it is not registered."""
    return LANGUAGES.get(name).title if name in LANGUAGES.names() else name
