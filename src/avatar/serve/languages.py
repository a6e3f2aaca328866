"""What a student has to say about the language of a function that it is asked about."""

from collections.abc import Iterable

from avatar.bundle import BundleConfig
from avatar.code.languages import LANGUAGES


def language_warnings(config: BundleConfig, languages: Iterable[str | None]) -> tuple[str, ...]:
    """A sentence for each of `languages` that the student was not trained on; none where its own are not known."""
    if not config.languages:
        return ()
    trained = " and ".join(map(title, config.languages))
    foreign = sorted({name for name in languages if name is not None} - set(config.languages))
    return tuple(
        f"this student was trained on {trained}, not on {title(name)}: its answers about {title(name)} may be wrong"
        for name in foreign
    )


def only_language(config: BundleConfig) -> str | None:
    """The language of a student that was trained on a single one which is known here."""
    known = [name for name in config.languages if name in LANGUAGES.names()]
    return known[0] if len(known) == len(config.languages) == 1 else None


def title(name: str) -> str:
    """A language as sentences call it; its bare name where it is not known here."""
    return LANGUAGES.get(name).title if name in LANGUAGES.names() else name
