"""The form of a function: accessors, forwarders, plain constructors and the like look alike without being copies.

Decided on the syntax tree by the kinds of its nodes, whose names are alike in all grammars.
"""

import re
from collections import deque
from enum import StrEnum

from tree_sitter import Node

from avatar.code.languages import Language
from avatar.code.languages.base import words

MOST_WORDS = 60
"""A single statement, or a constructor, with more words (names, numbers and signs) is not simple: it may be a table."""
MOST_STRAIGHT_WORDS = 150
"""The same for straight code: more of it is worth merging, although it decides nothing."""
_MOST_BYTES = 6_000


class Form(StrEnum):
    """Forms of functions that scan treats apart; most functions have none of them."""

    EMPTY = "empty"
    """Without a statement."""
    SINGLE = "single"
    """One plain statement: it returns a value, sets a field, or calls another function."""
    CONSTRUCTOR = "constructor"
    """A constructor that only sets fields."""
    STRAIGHT = "straight"
    """Several plain statements: calls and assignments without a decision, a loop or a computation."""
    STANDARD = "standard"
    """A method that many classes must have, such as one that compares or prints (`Language.standard_methods`)."""


SIMPLE = frozenset({Form.EMPTY, Form.SINGLE, Form.CONSTRUCTOR})
"""Nothing in such a function is worth sharing."""

_WORD = re.compile(rb"\w+|[^\w\s]")
_DECISIONS = words("""
if unless while until for foreach switch match when case select loop do begin try rescue with using lock preproc
conditional ternary binary boolean comparison equality additive multiplicative conjunction disjunction elvis infix range
is in instanceof query lambda closure arrow func function anonymous generator comprehension class block statement goto
labeled yield jsx
""")
"""First words of the kinds of nodes that decide, repeat, compute, or hold other code."""
_PLAIN = words("boolean_literal conditional_access_expression block_argument try_expression")
"""Kinds that begin with such a word without doing so. (`try_expression` is Rust's `?`; Kotlin's holds a block.)"""
_CONTAINERS = words("""
block statement_block compound_statement statement_list statements body_statement constructor_body function_body
arrow_expression_clause
""")
_BODIES = words("function_body arrow_expression_clause block")
"""Bodies that some grammars give no field name."""
_WITHOUT_BODY = words("method singleton_method")
"""In Ruby's grammar, an empty method has no body."""
_NO_STATEMENTS = words("comment line_comment block_comment pass_statement empty_statement")
_CONSTRUCTORS = words("__init__ constructor initialize __construct")
_FIELD = re.compile(r"member|field|attribute|selector|navigation|instance_variable|identifier")
"""Kinds of the left side of an assignment to a field; where `this.` may be left out, a field is an identifier."""
_OTHER_CONSTRUCTOR = re.compile(rb"(?:super|base|this|self|parent)\b")


def form_of(function: Node, name: str, language: Language) -> Form | None:
    """The form of `function`, a node with this qualified name."""
    body = _body(function)
    if body is None:
        return Form.EMPTY if function.type in _WITHOUT_BODY else None
    statements = _statements(body)
    if not statements:
        return Form.EMPTY
    is_standard = name.split(language.separator)[-1] in language.standard_methods
    is_plain = body.end_byte - body.start_byte <= _MOST_BYTES and all(map(_is_plain, statements))
    if not is_plain and not is_standard:
        return None
    size = sum(len(_WORD.findall(statement.text or b"")) for statement in statements)
    if is_standard:
        return Form.STANDARD if size <= MOST_STRAIGHT_WORDS else None
    if size <= MOST_WORDS and len(statements) == 1:
        return Form.SINGLE
    if size <= MOST_WORDS and _is_constructor(function, name, language) and all(map(_sets_field, statements)):
        return Form.CONSTRUCTOR
    return Form.STRAIGHT if size <= MOST_STRAIGHT_WORDS else None


def first_statement(function: Node) -> Node | None:
    """The first statement of the function's body, after comments and docstring; None if there is none."""
    body = _body(function)
    statements = [] if body is None else _statements(body)
    return statements[0] if statements else None


def _body(function: Node) -> Node | None:
    """The body of a function, also inside decorators, templates, and variables that hold it."""
    waiting = deque([function])
    while waiting:
        node = waiting.popleft()
        body = node.child_by_field_name("body")
        if body is not None:
            return body
        for child in node.named_children:
            if child.type in _BODIES:
                return child
            waiting.append(child)
    return None


def _statements(body: Node) -> list[Node]:
    """The statements of a body, without comments and docstring; an expression in place of a body is one."""
    if body.type not in _CONTAINERS:
        return [body]
    statements = [child for child in body.named_children if not _does_nothing(child)]
    if len(statements) == 1 and statements[0].type in _CONTAINERS:
        return _statements(statements[0])
    return statements


def _does_nothing(node: Node) -> bool:
    if node.type == "expression_statement" and node.named_child_count == 1:
        return node.named_children[0].type in ("string", "ellipsis")
    return node.type in _NO_STATEMENTS


def _is_plain(statement: Node) -> bool:
    """Whether nothing in it decides, repeats, computes, or holds other code."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        kind = node.type
        if kind not in _PLAIN and kind.partition("_")[0] in _DECISIONS:
            return False
        if kind.endswith(("_comprehension", "_block", "object_literal")):
            return False
        waiting += node.named_children
    return True


def _is_constructor(function: Node, name: str, language: Language) -> bool:
    *scopes, last = name.split(language.separator)
    return "constructor" in function.type or last in _CONSTRUCTORS or (bool(scopes) and scopes[-1] == last)


def _sets_field(statement: Node) -> bool:
    """Whether it sets a field, or calls another constructor."""
    node = statement
    while node.type == "expression_statement" and node.named_child_count:
        node = node.named_children[0]
    if "assignment" in node.type and not node.type.startswith("augmented"):
        left = node.child_by_field_name("left")
        return left is not None and _FIELD.search(left.type) is not None
    return _OTHER_CONSTRUCTOR.match(node.text or b"") is not None
