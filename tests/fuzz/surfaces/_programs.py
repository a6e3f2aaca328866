"""Programs in every registered language, and changes of them."""

import re
from random import Random

from language_samples import SAMPLES
from mutation import changed_text, mutated

from avatar.code.languages import LANGUAGES

TOKENS = re.compile(r"\w+|[^\w\s]+|\s+")
SIGNS = (
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    ";",
    ":",
    '"',
    "'",
    "`",
    "\\",
    "/*",
    "*/",
    "//",
    "#",
    "<?php",
    "?>",
    "=>",
)
SIGNS += (
    "\n",
    "\r",
    "\t",
    "\f",
    "\0",
    "\ufeff",
    "\u2028",
    "\ud800",
    "\u202e",
    "é",
    "\U0001f600",
    "0x",
    "1e",
    "'''",
    '"""',
)
SIGNS += (
    "template<",
    "operator",
    "lambda",
    "async",
    "@",
    "$",
    "#{",
    "<<EOF\n",
    "#define f(x) ",
    "#if 0\n",
    "\\\n",
    "=begin\n",
)
HOSTILE = (
    "... */ | ? \n",
    "returnforint=)\n",
    "/* a\n",
    "a<",
    "(",
    "((",
    "-",
    "f(",
    "{\n",
    "if (x) ",
    "'",
    '"',
    "$",
    "<div>",
)
"""Pieces for which a grammar may need a time that grows with the square of their number."""


def words_of(text: str) -> list[str]:
    """The different tokens of a text, sorted."""
    return sorted(set(TOKENS.findall(text)))


SOURCES = {name: SAMPLES[name].source + "\n" + SAMPLES[name].body for name in LANGUAGES.names()}
WORDS = {name: [*words_of(source), *SIGNS] for name, source in SOURCES.items()}


def program(random: Random) -> tuple[str, str]:
    """A language and a program of a few kB, in which some tokens are left out, doubled, moved or replaced."""
    language = random.choice([*SOURCES])
    source = SOURCES[language] if random.random() < 0.7 else SAMPLES[language].body
    words = WORDS[language] if random.random() < 0.9 else WORDS[random.choice([*WORDS])]
    return language, mutated(source, random, lambda text, own: changed_text(text, own, words))


def large_program(random: Random, most: int) -> tuple[str, str]:
    """A language and a program that repeats a piece of code until it has up to `most` characters."""
    language = random.choice([*SOURCES])
    pieces = [random.choice((*WORDS[language], *HOSTILE)) for _ in range(random.choice((1, 1, 2, 2, 3, 5)))]
    if random.random() < 0.3:
        lines = SOURCES[language].splitlines(keepends=True)
        start = random.randrange(len(lines))
        pieces = lines[start : start + random.choice((1, 2, 5))]
    piece = random.choice(("", " ", "\n")).join(pieces) or " "
    text = piece * (random.choice((most // 10, most // 3, most)) // len(piece))
    if random.random() < 0.3:
        text = SOURCES[language] + text
    return language, text + (SOURCES[language] if random.random() < 0.3 else "")
