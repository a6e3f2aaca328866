"""Inserts statements that do nothing into a function."""

from collections.abc import Sequence
from random import Random

from tree_sitter import Node

from avatar.code.naming import fresh_names
from avatar.code.parsing import Parsed, captures, parse
from avatar.code.variables import variables

_AT_MOST = 3


def insert_dead_code(code: str, language: str, random: Random, *, names: Sequence[str] = ()) -> str:
    """`code` with one to three statements more in its first function, of which none has an effect.

    They are unused local variables, and branches that are never taken, between the statements of the body.
    Names are new and come from `names`, else from a list of common words. Code with syntax errors, without a
    body that has room, or longer than `parsing.MAX_BYTES`, is returned as it is. The same arguments give
    the same text.
    """
    parsed = parse(code, language)
    if parsed is None:
        return code
    dead_code = parsed.language.dead_code
    bodies = captures(parsed, dead_code.body).get("body", [])
    if not bodies:
        return code
    body = min(bodies, key=lambda node: node.start_byte)
    places = _places(parsed, body)
    if not places:
        return code
    chosen = sorted(random.sample(places, min(len(places), random.randint(1, _AT_MOST))))
    taken = {word.decode() for word in variables(parsed).words}
    fresh = fresh_names(len(chosen), parsed.language.name, taken, random, names)
    source, parts, end = parsed.source, [], 0
    for place, name in zip(chosen, fresh, strict=True):
        late = dead_code.no_late_declarations and place != places[0]
        parts += [source[end:place], _statement(parsed, place, name, late, random).encode()]
        end = place
    return parsed.unwrap(b"".join([*parts, source[end:]]))


def _places(parsed: Parsed, body: Node) -> list[int]:
    """Starts of the statements before which another one may stand."""
    dead_code = parsed.language.dead_code
    statements = [node for node in body.named_children if node.type not in parsed.language.comments]
    if not statements:
        return [] if dead_code.own_line else [body.start_byte + 1]
    if dead_code.stays_first(statements[0]):
        statements = statements[1:]
    places = [node.start_byte for node in statements]
    return [place for place in places if _margin(parsed, place) is not None] if dead_code.own_line else places


def _margin(parsed: Parsed, place: int) -> str | None:
    """The indentation of the statement at `place`; None where it does not begin its line."""
    line = parsed.source[parsed.source.rfind(b"\n", 0, place) + 1 : place]
    return None if line.strip() else line.decode()


def _statement(parsed: Parsed, place: int, name: str, branch: bool, random: Random) -> str:
    """A statement with what separates it from the one at `place`."""
    dead_code = parsed.language.dead_code
    number, word = random.randint(0, 99), random.choice(("", "ok", "name", "value", "error"))
    branch = branch or random.random() < 0.4
    forms = dead_code.branch if branch else (random.choice(dead_code.declarations),)
    lines = [form.format(a=name, n=number, w=word) for form in forms]
    margin = _margin(parsed, place)
    if margin is None:
        return " ".join(lines) + " "
    unit = "\t" if "\t" in margin else "    "
    closes = len(lines) > 1 and lines[-1] == "}"
    inner = lines[1:-1] if closes else lines[1:]
    shaped = [lines[0], *(unit + line for line in inner), *(["}"] if closes else [])]
    return "".join(f"{line}\n{margin}" for line in shaped)
