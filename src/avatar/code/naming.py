"""New names for variables, similar to those that people choose."""

from collections.abc import Collection, Iterator, Sequence
from random import Random

from avatar.code.languages import LANGUAGES
from avatar.code.parsing import reserved

_SHORT = "abcdefghijklmnpqrstuvwxyz"
_WORDS = """
account action address amount answer args array attr backup base block body bound bucket buffer button bytes
cache cell channel check child chunk clean client code column command config content context copy count current
cursor data date decoder default depth digest dir document edge element encoder end entry error event extra field
file filter first flag flags folder format found frame front group handle handler hash head header height helper
host id image index info init input item iter job key kind label last layer left length level limit line link
list local lock map mark mask match max member message meta method min mode model module name next node note
number object offset op option order origin other out output owner page pair param parent part password path
pattern payload point port pos position prefix prev priority process product project proxy query queue range rate
reader record ref region remote request res response rest result right root row rule sample scale schema score
section seed segment selected sender sequence server session shape side sign size slot socket sorted source
stack start state stats status step store stream string style suffix sum table tag target task temp text
thread tick time title tmp token top total trace tree type unit update url user val value vector version view
weight width window word work worker writer zone
"""
_WORD_LIST = _WORDS.split()


def fresh_names(
    count: int, language: str, taken: Collection[str], random: Random, names: Sequence[str] = ()
) -> list[str]:
    """`count` different names that are not keywords and not in `taken`.

    They are drawn from `names`, or made from a built-in list of common words, in one style per call: single letters,
    single words, and two words in camelCase or snake_case, as usual in `language`.
    """
    forbidden = reserved(language)
    given = _drawn(names, random) if names else _made_up(language, random)
    chosen: dict[str, None] = {}
    tries = 0
    while len(chosen) < count:
        name = next(given)
        tries += 1
        if tries > 10 + 4 * count:  # a short list has run out
            name = f"{name}{tries}"
        if name not in taken and name not in forbidden and name not in chosen:
            chosen[name] = None
    return list(chosen)


def _drawn(names: Sequence[str], random: Random) -> Iterator[str]:
    while True:
        yield names[int(random.random() * len(names))]


def _made_up(language: str, random: Random) -> Iterator[str]:
    snake = random.random() < LANGUAGES.get(language).snake_case
    short, single = random.choice([(0.05, 0.6), (0.2, 0.8), (0.6, 0.9), (0.0, 0.3)])
    while True:
        kind = random.random()
        if kind < short:
            yield random.choice(_SHORT)
        elif kind < single:
            yield random.choice(_WORD_LIST)
        else:
            first, second = random.choice(_WORD_LIST), random.choice(_WORD_LIST)
            yield f"{first}_{second}" if snake else first + second.capitalize()
