"""The tokens of a text, as the grammar sees them."""

from tree_sitter import Node

from avatar.code.parsing import parse

WHOLE = {
    "string",
    "string_literal",
    "raw_string_literal",
    "char_literal",
    "character_literal",
    "preproc_def",
    "preproc_function_def",
    "preproc_call",
}


def tokens(code: str, language: str) -> list[bytes]:
    """Every leaf in order, without comments; strings and macro definitions count as one."""
    parsed = parse(code, language)
    assert parsed is not None, code
    found: list[bytes] = []
    stack: list[Node] = [parsed.root]
    while stack:
        node = stack.pop()
        if node.type.endswith("comment"):
            continue
        if node.child_count == 0 or node.type in WHOLE:
            text = parsed.source[node.start_byte : node.end_byte].strip()
            found += [text] if text else []
        else:
            stack += reversed(node.children)
    return found
