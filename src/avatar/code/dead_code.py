"""Inserts statements that do nothing into a function."""

from collections.abc import Sequence
from random import Random

from tree_sitter import Node

from avatar.code.naming import fresh_names
from avatar.code.parsing import Parsed, captures, parse
from avatar.code.variables import variables

_AT_MOST = 3


def insert_dead_code(code: str, language: str, random: Random, *, names: Sequence[str] = ()) -> str:
    """`code` with one to three more statements in its first function, none of which has an effect.

    They are unused local variables, and branches that are never taken, between the statements of the body.
    Names are new and come from `names`, or by default from a list of common words. Code with syntax errors, without a
    position for a statement, or longer than `parsing.MAX_BYTES`, is returned unchanged. The same arguments give the
    same text.
    """
    parsed = parse(code, language)
    if parsed is None:
        return code
    dead_code = parsed.language.dead_code
    bodies = captures(parsed, dead_code.body).get("body", [])
    if not bodies:
        return code
    body = min(bodies, key=lambda node: node.start_byte)
    positions = _positions(parsed, body)
    if not positions:
        return code
    chosen = sorted(random.sample(positions, min(len(positions), random.randint(1, _AT_MOST))))
    taken = {word.decode() for word in variables(parsed).words}
    fresh = fresh_names(len(chosen), parsed.language.name, taken, random, names)
    source, parts, end = parsed.source, [], 0
    only_branches = dead_code.no_late_declarations and (not dead_code.jump or dead_code.jump in taken)
    for position, name in zip(chosen, fresh, strict=True):
        late = only_branches and position != positions[0]
        parts += [source[end:position], _statement(parsed, position, name, late, random).encode()]
        end = position
    return parsed.unwrap(b"".join([*parts, source[end:]]))


def _positions(parsed: Parsed, body: Node) -> list[int]:
    """Byte offsets at which a statement may be inserted: the starts of other statements."""
    dead_code = parsed.language.dead_code
    statements = [node for node in body.named_children if node.type not in parsed.language.comments]
    if not statements:
        return [] if dead_code.own_line else [body.start_byte + 1]
    if dead_code.stays_first(statements[0]):
        statements = statements[1:]
    end = next((row for row, node in enumerate(statements, start=1) if node.type in dead_code.conditions), None)
    positions = [node.start_byte for node in statements[:end] if not dead_code.goes_on(node)]
    return (
        [position for position in positions if _margin(parsed, position) is not None]
        if dead_code.own_line
        else positions
    )


def _margin(parsed: Parsed, position: int) -> str | None:
    """The indentation of the statement at `position`; None if it does not begin its line."""
    line = parsed.source[parsed.source.rfind(b"\n", 0, position) + 1 : position]
    return None if line.strip() else line.decode()


def _statement(parsed: Parsed, position: int, name: str, branch: bool, random: Random) -> str:
    """The new statement, with the separator before the statement at `position`."""
    dead_code = parsed.language.dead_code
    number, word = random.randint(0, 99), random.choice(("", "ok", "name", "value", "error"))
    branch = branch or random.random() < 0.4
    forms = dead_code.branch if branch else (random.choice(dead_code.declarations),)
    lines = [line for form in forms for line in form.format(a=name, n=number, w=word).split("\n")]
    margin = _margin(parsed, position)
    if margin is None:
        return " ".join(lines) + " "
    unit = "\t" if "\t" in margin else "    "
    closes = len(lines) > 1 and lines[-1] == parsed.language.shape.closing
    inner = lines[1:-1] if closes else lines[1:]
    unit = unit if branch else ""
    shaped = [lines[0], *(unit + line for line in inner), *(lines[-1:] if closes else [])]
    return "".join(f"{line}\n{margin}" for line in shaped)
